#! /usr/bin/python3
# A stand-in for the qemu-wrapper of XCP-ng 8.3, of the same structure.
# SPDX-License-Identifier: MIT
import os
import socket
import subprocess
import sys
from resource import RLIMIT_FSIZE, setrlimit

import xen.lowlevel.xs as xs

# A dom0 in a directory has no Xen: another program starts QEMU there.
root = os.environ.get("VGPU_ROOT", "")
qemu_start = root + "/usr/libexec/stand-ins/qemu-without-xen"
qemu_base = 65536

open_fds = []

xenstore = xs.xs()

def restrict_fsize():
    limit = 1024 * 1024
    setrlimit(RLIMIT_FSIZE, (limit, limit))

def xenstore_read(path):
    return xenstore.read("", path)

def xenstore_write(path, value):
    return xenstore.write("", path, value)

def close_fds():
    for i in open_fds:
        os.close(i)

def prepare_exec():
    """Set up the execution environment for QEMU."""
    if not file_serial:
        restrict_fsize()

    sys.stdout.flush()
    sys.stderr.flush()

def main(argv):
    print("Arguments: %s" % " ".join(argv[1:]))

    for n in range(len(argv)):
        if argv[n] == "-xen-domid":
            domid = int(argv[n+1])
            break

    qemu_dm = '/usr/lib64/xen/bin/qemu-system-i386'
    qemu_args = ['qemu-dm-%d' % domid]

    mmio_start = 0xf0000000
    mmio_size = xenstore_read("/local/domain/%d/vm-data/mmio-hole-size" % domid)
    if mmio_size:
        mmio_start = (1 << 32) - int(mmio_size)

    xenstore_write("/local/domain/%d/hvmloader/allow-memory-relocate" % domid, "0")
    xenstore_write("/local/domain/%d/platform/device-model" % domid, "qemu_xen")

    trad_compat = '-trad-compat' in argv
    machine = 'pc-0.10' if trad_compat else 'pc-i440fx-2.10'

    qemu_args.extend(['-machine',
                      '%s,accel=xen,max-ram-below-4g=%lu,'
                      'allow-unassigned=true,trad_compat=%s'
                      % (machine, mmio_start, trad_compat)])

    qemu_args.extend(argv[2:])

    n = 0

    vga_type = 'cirrus-vga'
    vgamem_mb = 4
    vga_extra_props = ["addr=2"]
    vga_extra_props += ["romfile="]
    if trad_compat:
        vga_extra_props += ["rombar=1",
                            "subvendor_id=0x5853,subsystem_id=0x0001"]
    depriv = True

    global file_serial
    file_serial = False

    while n < len(qemu_args):
        p = qemu_args[n]

        if p == "-netdev":
            params = qemu_args[n + 1].split(',')
            for param in params:
                if param.startswith('fd='):
                    open_fds.append(int(param.split('=')[1]))

        if p == "--syslog":
            del qemu_args[n]
            continue

        if p == "-priv":
            del qemu_args[n]
            depriv = False
            continue

        if p == "-serial":
            if qemu_args[n + 1].startswith('file:'):
                file_serial = True
            n += 1
            continue

        if p == "-chardev":
            if qemu_args[n + 1].startswith('file,id=serial0,'):
                file_serial = True
            n += 1
            continue

        if p == "-trad-compat":
            del qemu_args[n]
            continue

        if p == "-videoram":
            vgamem_mb = int(qemu_args[n+1])
            del qemu_args[n]
            del qemu_args[n]
            continue

        if p == "-std-vga":
            vga_type = 'VGA'
            if trad_compat:
                vga_extra_props += ['qemu-extended-regs=false']
            del qemu_args[n]
            continue

        n += 1

    qemu_args += ["-device", ",".join([vga_type, "vgamem_mb=%d" % vgamem_mb] \
                                      + vga_extra_props)]

    s1, s2 = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    open_fds.append(s1.fileno())
    qemu_args += ["-vnc-clipboard-socket-fd", str(s1.fileno())]
    qemu_args += ["-chardev", "stdio,id=ovmf", "-device", "isa-debugcon,chardev=ovmf,iobase=0x402"]

    if depriv:
        root_dir = "/var/xen/qemu/root-{}".format(domid)
        os.makedirs(root + root_dir + "/dev", 0o755, exist_ok=True)

        qemu_args += ["-xen-domid-restrict"]
        qemu_args += ["-chroot", root_dir]

        uid = qemu_base + domid
        gid = qemu_base + domid
        qemu_args += ["-runas", "%d:%d" % (uid, gid)]

    xenstore_write("/libxl/%d/dm-version" % domid, "qemu_xen")

    print("Exec: %s %s" % (qemu_dm, " ".join(qemu_args)))

    s2.close()

    sys.stdout.flush()
    sys.stderr.flush()

    qemu = subprocess.Popen(qemu_args, executable=qemu_start, env=os.environ,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            preexec_fn=prepare_exec, pass_fds=open_fds)

    xenstore_write("/local/domain/%d/qemu-pid" % domid, "%d" % qemu.pid)
    xenstore_write("/local/domain/%d/image/device-model-pid" % domid, "%d" % qemu.pid)

    # Redirect output from QEMU to logger
    os.dup2(qemu.stdout.fileno(), 0)
    qemu.stdout.close()

    # Close all unneeded fds
    open_fds.extend([1, 2])
    close_fds()

    os.execvp('logger', ['logger', '-p', 'daemon.info', '-t',
                         'qemu-dm-%d[%d]' % (domid, qemu.pid)])

if __name__ == '__main__':
    raise SystemExit(main(sys.argv))
