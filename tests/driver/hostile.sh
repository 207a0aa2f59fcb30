#!/bin/sh
# SPDX-License-Identifier: MIT
# A device that lies, and what its driver makes of it: links a QEMU with
# tests/driver/hostile.sed in the drop-in and boots a guest with it. Prints TAP.
# Usage: tests/driver/hostile.sh BUILD DROP-IN KERNEL
set -eu
. lab/lib.sh

[ $# = 3 ] || die "usage: tests/driver/hostile.sh BUILD DROP-IN KERNEL"
build=$1 drop_in=$2 kernel=$3
directory=$build/driver/hostile

mkdir -p "$directory"
sed -f tests/driver/hostile.sed "$drop_in" >"$directory/vgpu-stub.c"
if ! grep -q 'vgpu_lie(core, queue, &submission' "$directory/vgpu-stub.c"; then
    echo "Bail out! tests/driver/hostile.sed finds no place in $drop_in"
    exit 1
fi
VGPU_CFLAGS=-w lab/qemu-with.sh "$build/qemu/work" "$directory/vgpu-stub.c" \
    "$directory/qemu" >"$directory/log" 2>&1 || {
    sed 's/^/# /' "$directory/log"
    echo "Bail out! no QEMU with a device that lies"
    exit 1
}
VGPU_QEMU=$directory/qemu tests/driver/run.sh hostile "$kernel"
