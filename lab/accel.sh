#!/bin/sh
# SPDX-License-Identifier: MIT
# Finds out which accelerator really runs a guest with $VGPU_QEMU and writes
# "kvm" or "tcg" to FILE. /dev/kvm alone proves nothing: where it is emulated a
# guest may hang in it. Asked once for a boot of this machine and a QEMU.
# Usage: lab/accel.sh GUEST-DIRECTORY FILE
set -eu
. lab/lib.sh

guest=$1 file=$2
limit=20
asked="$(cat /proc/sys/kernel/random/boot_id) $(id -G) $VGPU_QEMU"
[ "$(cat "$file.asked" 2>/dev/null)" != "$asked" ] || exit 0

kvm_runs() {
    mkdir -p "$LOGS"
    timeout -k 1 "$limit" "$VGPU_QEMU" -accel kvm -M pc -m 256 -nodefaults \
        -no-reboot -display none -serial stdio -kernel "$guest/vmlinuz" \
        -initrd "$guest/initrd" \
        -append "console=ttyS0 quiet panic=-1 vgpu=hello" \
        </dev/null >"$LOGS/accel-kvm.log" 2>&1 &&
        grep -q '@@ ready' "$LOGS/accel-kvm.log"
}

accel=tcg
if [ ! -e /dev/kvm ]; then
    why="there is no /dev/kvm"
elif [ ! -w /dev/kvm ]; then
    why="/dev/kvm is not yours to use: add yourself to the group kvm"
elif ! "$VGPU_QEMU" -accel help 2>/dev/null | grep -qx kvm; then
    why="this QEMU has no KVM"
elif ! kvm_runs; then
    why="KVM ran no guest within $limit s"
else
    accel=kvm why="a guest ran in it"
fi
say "  accelerator: $accel ($why)"
echo "$accel" >"$file"
echo "$asked" >"$file.asked"
