#!/bin/sh
# SPDX-License-Identifier: MIT
# What a guest has beside lab/guest-image.sh's, as a second archive behind that:
# KERNEL/driver.cpio with the module of KERNEL, programs, and the first process.
# Usage: lab/driver-image.sh KERNEL INIT PROGRAM...
set -eu
. lab/lib.sh
. lab/tree.sh

[ $# -ge 2 ] || die "usage: lab/driver-image.sh KERNEL INIT PROGRAM..."
kernel=$1 init=$2
shift 2
tree=$kernel/tree

rm -rf "$tree"
mkdir -p "$tree/bin"
cp "$@" "$tree/bin/"
cp "$init" "$tree/driver-init"
chmod 755 "$tree/driver-init"
cp "$kernel/vgpu_stub.ko" "$tree/vgpu_stub.ko"
strip --strip-debug "$tree/vgpu_stub.ko" "$tree"/bin/*
pack_tree "$tree" "$kernel/driver.cpio"
rm -rf "$tree"
