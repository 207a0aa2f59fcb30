#!/bin/sh
# SPDX-License-Identifier: MIT
# Packs what this repository adds to dom0 (tests/xen/dom0, our programs, QEMUs and
# guests) behind the base that lab/xen-image.sh has made: FILE is dom0's initrd. Linux
# guests have the kernel of KERNEL-DIRECTORY with its driver, and PROGRAMs for it.
# Usage: tests/xen/make-dom0.sh BUILD BASE GUEST-DIRECTORY KERNEL-DIRECTORY TINY-GUEST FILE PROGRAM...
set -eu
. lab/lib.sh
. lab/tree.sh

[ $# -ge 6 ] || die "usage: tests/xen/make-dom0.sh BUILD BASE GUEST-DIRECTORY KERNEL-DIRECTORY TINY-GUEST FILE PROGRAM..."
build=$1 base=$2 guest=$3 kernel=$4 tiny=$5 file=$6
shift 6
tree=$file.tree
bin=$tree/usr/lib64/xen/bin

rm -rf "$tree" "$file.guest"
mkdir -p "$bin" "$tree/usr/libexec/vgpu" "$tree/usr/bin" "$tree/guest" "$tree/tests" \
    "$tree/etc/xen" "$tree/proc" "$tree/sys" "$tree/dev" "$tree/run"
cp "$build/qemu/qemu-system-x86_64" "$bin/qemu-system-i386"
cp tests/xen/dom0/qemu-wrapper "$bin/"
cp "$build/shim/qemu-wrapper" "$build/shim/qemu-args" "$build/vgpud/vgpud" \
    "$build/vgpud/vgpu-worker" "$tree/usr/libexec/vgpu/"
cp "$build/vgpuctl" "$tree/usr/bin/"
cp "$kernel/vmlinuz" "$tree/guest/"
# The guest's initrd, with the driver behind it.
mkdir -p "$file.guest/bin"
cp "$kernel/vgpu_stub.ko" "$file.guest/"
cp "$@" "$file.guest/bin/"
strip --strip-debug "$file.guest/vgpu_stub.ko" "$file.guest"/bin/*
pack_tree "$file.guest" "$file.own"
cat "$guest/initrd" "$file.own" >"$tree/guest/initrd"
cp "$tiny" "$tree/guest/tiny"
cp tests/xen/dom0/*.sh tests/xen/dom0/device-model "$tree/tests/"
cp tests/xen/dom0/init "$tree/init"

# The first guide's device, as far as a migration goes: our drop-in with that fault.
sed -f tests/faults/no-vmstate.sed vgpu-stub.c >"$file.faulty.c"
VGPU_CFLAGS=-w lab/qemu-with.sh "$build/qemu/work" "$file.faulty.c" "$file.faulty" >"$file.log" 2>&1 ||
    { cat "$file.log" >&2; die 'cannot link the QEMU without vmstate'; }
mv "$file.faulty" "$bin/qemu-without-vmstate"

# Whom libxl runs restricted QEMUs as (qemu-deprivilege of Xen's documentation).
cat >"$tree/etc/passwd" <<'END'
root:x:0:0::/root:/bin/sh
xen-qemuuser-range-base:x:131072:131072::/:/bin/false
xen-qemuuser-reaper:x:131071:131071::/:/bin/false
END
: >"$tree/etc/xen/xl.conf"
printf 'root:x:0:\nxen-qemuuser-range-base:x:131072:\n' >"$tree/etc/group"

pack_tree "$tree" "$file.own"
cat "$base" "$file.own" >"$file.new"
mv "$file.new" "$file"
rm -rf "$tree" "$file.guest" "$file.own" "$file".faulty*
