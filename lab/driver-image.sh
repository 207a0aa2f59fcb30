#!/bin/sh
# SPDX-License-Identifier: MIT
# What a guest has beside lab/guest-image.sh's, as a second archive behind that:
# the module of a kernel, programs in /bin, other files in /, and the first process.
# Usage: lab/driver-image.sh KERNEL ARCHIVE INIT FILE...
set -eu
. lab/lib.sh
. lab/tree.sh

[ $# -ge 3 ] || die "usage: lab/driver-image.sh KERNEL ARCHIVE INIT FILE..."
kernel=$1 archive=$2 init=$3
shift 3
tree=$archive.tree

rm -rf "$tree"
mkdir -p "$tree/bin"
for file in "$@"; do
    if [ -x "$file" ]; then cp "$file" "$tree/bin/"; else cp "$file" "$tree/"; fi
done
cp "$init" "$tree/driver-init"
chmod 755 "$tree/driver-init"
cp "$kernel/vgpu_stub.ko" "$tree/vgpu_stub.ko"
strip --strip-debug "$tree/vgpu_stub.ko" "$tree"/bin/*
pack_tree "$tree" "$archive"
rm -rf "$tree"
