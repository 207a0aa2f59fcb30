#!/bin/sh
# SPDX-License-Identifier: MIT
# Puts Xen's own xenstored, its clients and its Python module into DIRECTORY,
# from Debian's packages: unpacked and never installed, for installed they would
# bring services. Asks no mirror when they are there already.
# Usage: lab/xenstore.sh DIRECTORY
# Makes DIRECTORY/bin (xenstored, xenstore-read, ...) and DIRECTORY/python, where
# the module xen.lowlevel.xs lies.
set -eu
. lab/lib.sh

[ $# = 1 ] || die "usage: lab/xenstore.sh DIRECTORY"
directory=$1
[ ! -d "$directory/bin" ] || exit 0
mkdir -p "$directory"
work=$(realpath "$directory")/new

APT_CONFIG=$(lab/apt.sh bookworm "$(dpkg --print-architecture)" deb)
export APT_CONFIG

# The libraries are those of libxen-dev, which QEMU's build needs as well.
download() {
    apt_update
    rm -rf "$work"
    mkdir -p "$work/debs" "$work/bin"
    (cd "$work/debs" && apt-get -q download xen-utils-4.17 xenstore-utils)
    for package in "$work"/debs/*.deb; do
        dpkg-deb -x "$package" "$work/unpacked"
    done
    cp "$work"/unpacked/usr/lib/xen-*/bin/xenstored "$work/bin/"
    for program in read write list ls rm exists chmod watch; do
        cp "$work/unpacked/usr/bin/xenstore-$program" "$work/bin/"
    done
    mv "$work"/unpacked/usr/lib/xen-*/lib/python "$work/python"
    # bin last, so that a half-made directory is never taken for a whole one.
    rm -rf "$directory/python"
    mv "$work/python" "$directory/python"
    mv "$work/bin" "$directory/bin"
    rm -rf "$work"
}

timed download "xenstored: download" download
