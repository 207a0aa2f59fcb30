#!/bin/sh
# SPDX-License-Identifier: MIT
# Puts a Python 2 into DIRECTORY, from the packages of Debian's last release that
# had one, unpacked and never installed: XCP-ng 8.2's wrapper wants it. Asks no
# mirror when it is there already.
# Usage: lab/python2.sh DIRECTORY
# Makes DIRECTORY/python2, a script that runs it from wherever it lies.
set -eu
. lab/lib.sh

[ $# = 1 ] || die "usage: lab/python2.sh DIRECTORY"
directory=$1
[ ! -x "$directory/python2" ] || exit 0
mkdir -p "$directory"
work=$(realpath "$directory")/new

APT_CONFIG=$(lab/apt.sh bullseye "$(dpkg --print-architecture)" deb)
export APT_CONFIG

download() {
    apt_update
    rm -rf "$work" "${directory:?}/usr"
    mkdir -p "$work/debs"
    # libffi7 is ctypes'.
    (cd "$work/debs" && apt-get -q download python2.7-minimal libpython2.7-minimal \
        libpython2.7-stdlib libffi7)
    for package in "$work"/debs/*.deb; do
        dpkg-deb -x "$package" "$work/unpacked"
    done
    mv "$work/unpacked/usr" "$directory/usr"
    # What the script below sets is not for the programs that Python starts. (A
    # link to /etc lies there.)
    rm -f "$directory/usr/lib/python2.7/sitecustomize.py"
    cat >"$directory/usr/lib/python2.7/sitecustomize.py" <<'PYTHON'
import os
for name in ('LD_LIBRARY_PATH', 'PYTHONHOME'):
    os.environ.pop(name, None)
PYTHON
    cat >"$work/python2" <<'SHELL'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
library=$(dirname "$(echo "$here"/usr/lib/*/libffi.so.7)")
exec env PYTHONHOME="$here/usr" LD_LIBRARY_PATH="$library" "$here/usr/bin/python2.7" "$@"
SHELL
    chmod 755 "$work/python2"
    # Last, so that a half-made directory is never taken for a whole one.
    mv "$work/python2" "$directory/python2"
    rm -rf "$work"
}

timed download "python 2: download" download
"$directory/python2" -c 'import ctypes, subprocess' || {
    rm "$directory/python2"
    die "the Python 2 in $directory does not run"
}
