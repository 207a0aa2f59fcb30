# A stand-in for Xen's Python 2 module xen.lowlevel.xs, over the real libxenstore.
# SPDX-License-Identifier: MIT
# As with the real one, values are str, which is bytes in Python 2; a missing key
# reads as None, and every other error raises Error.
import ctypes
import errno
import os

_lib = ctypes.CDLL('libxenstore.so.4', use_errno=True)
_libc = ctypes.CDLL('libc.so.6')
_libc.free.argtypes = [ctypes.c_void_p]
_lib.xs_open.restype = ctypes.c_void_p
_lib.xs_open.argtypes = [ctypes.c_ulong]
_lib.xs_close.argtypes = [ctypes.c_void_p]
_lib.xs_read.restype = ctypes.c_void_p
_lib.xs_read.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p,
                         ctypes.POINTER(ctypes.c_uint)]
_lib.xs_write.restype = ctypes.c_bool
_lib.xs_write.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p,
                          ctypes.c_char_p, ctypes.c_uint]
_lib.xs_rm.restype = ctypes.c_bool
_lib.xs_rm.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p]
_lib.xs_directory.restype = ctypes.c_void_p
_lib.xs_directory.argtypes = _lib.xs_read.argtypes


class Error(Exception):
    pass


def _failed():
    number = ctypes.get_errno()
    raise Error(number, os.strerror(number))


class xs(object):
    def __init__(self):
        self._handle = _lib.xs_open(0)
        if not self._handle:
            _failed()

    def __del__(self):
        if self._handle:
            _lib.xs_close(self._handle)

    def read(self, transaction, path):
        length = ctypes.c_uint()
        value = _lib.xs_read(self._handle, int(transaction or '0', 16), path,
                             ctypes.byref(length))
        if not value:
            if ctypes.get_errno() == errno.ENOENT:
                return None
            _failed()
        result = ctypes.string_at(value, length.value)
        _libc.free(value)
        return result

    def write(self, transaction, path, value):
        if not _lib.xs_write(self._handle, int(transaction or '0', 16), path, value,
                             len(value)):
            _failed()

    def rm(self, transaction, path):
        if not _lib.xs_rm(self._handle, int(transaction or '0', 16), path):
            _failed()

    def ls(self, transaction, path):
        count = ctypes.c_uint()
        names = _lib.xs_directory(self._handle, int(transaction or '0', 16), path,
                                  ctypes.byref(count))
        if not names:
            if ctypes.get_errno() == errno.ENOENT:
                return None
            _failed()
        result = list(ctypes.cast(names, ctypes.POINTER(ctypes.c_char_p))[:count.value])
        _libc.free(names)
        return result
