#!/bin/sh
# SPDX-License-Identifier: MIT
# The driver and libvgpu in Linux guests: boots kernels of lab/driver-kernel.sh
# with the device in several shapes and prints as one TAP what the guests found.
# Usage: tests/driver/run.sh quick|thorough|hostile KERNEL...
set -u
. lab/lib.sh
. tests/driver/vgpud.sh

[ $# -ge 2 ] || die "usage: tests/driver/run.sh quick|thorough|hostile KERNEL..."
how=$1
shift
: "${VGPU_QEMU:=$BUILD/qemu/qemu-system-x86_64}" "${VGPU_ACCEL:=tcg}"
: "${VGPU_GUEST:=$BUILD/guest/amd64}"
boot_limit=${VGPU_DRIVER_LIMIT:-400}
sample=vgpu-stub,pool_id=B,priority=high,vm_id=100
all=${VGPU_DRIVER_GROUPS:-basic,refuse,parallel,fuzz,lifetime}
# Freed and new memory of the kernel is filled and checked.
strict="slub_debug=FZP page_poison=1 init_on_free=1"
output=$BUILD/driver/console
mkdir -p "$output"

count=0
failures=0

# Renumbers a guest's TAP under a name of its own.
show() {
    prefix=$1 file=$2
    tr -d '\r' <"$file" | sed -n '/^@@ tap/,/^@@ end/p' >"$file.tap"
    while read -r line; do
        case $line in
        "ok "* | "not ok "*)
            count=$((count + 1))
            name=/${line#*/}
            case $line in
            "not ok "*)
                failures=$((failures + 1))
                echo "not ok $count $prefix$name"
                ;;
            *) echo "ok $count $prefix$name" ;;
            esac
            ;;
        "#"*) echo "$line" ;;
        esac
    done <"$file.tap"
    # The groups' own plan is the last that they print.
    count=$((count + 1))
    if grep -q '^@@ end' "$file.tap" && grep -q '^1[.][.]' "$file.tap"; then
        echo "ok $count $prefix/ran-to-its-end"
    else
        failures=$((failures + 1))
        echo "not ok $count $prefix/ran-to-its-end"
        tail -n 60 "$file" | sed 's/^/# /'
    fi
}

# The tests of the lifetime write registers behind the driver: iomem=relaxed.
# guest NAME KERNEL GROUPS INTERRUPTS DEVICE APPEND QEMU-OPTION...
guest() {
    boot=$1 kernel=$2 groups=$3 interrupts=$4 device=$5 append=$6
    shift 6
    cat "$VGPU_GUEST/initrd" "$kernel/driver.cpio" >"$output/initrd"
    console=$output/$(basename "$kernel")-$boot
    started=$(date +%s)
    timeout -k 5 "$boot_limit" "$VGPU_QEMU" -accel "$VGPU_ACCEL" -m 256 \
        -nodefaults -no-reboot -display none -vga none -serial stdio \
        -kernel "$kernel/vmlinuz" -initrd "$output/initrd" -device "$device" "$@" \
        -append "console=ttyS0 quiet panic=-1 nokaslr rdinit=/driver-init \
oops=panic iomem=relaxed vgpu.groups=$groups vgpu.interrupts=$interrupts $append" \
        </dev/null >"$console" 2>&1
    show "/$(basename "$kernel")/$boot" "$console"
    echo "# $(basename "$kernel")-$boot: $(($(date +%s) - started)) s"
}

# One test of this script's own: own NAME STATUS.
own() {
    count=$((count + 1))
    if [ "$2" = 0 ]; then
        echo "ok $count $1"
    else
        failures=$((failures + 1))
        echo "not ok $count $1"
    fi
}

# All of the way: a program, libvgpu, the driver, the device, vgpud, OpenCL; and doorbells
# as under KVM.
kernel() {
    vgpud_start "$output/vgpud.log"
    own "/$(basename "$1")/kernel/vgpud-starts" $?
    guest kernel "$1" kernel msix "$sample,queues=2,ioeventfd=on,chardev=vgpu0" "" -M pc -smp 2 \
        -chardev "socket,id=vgpu0,path=$vgpud_socket,reconnect=1"
    vgpud_end
    own "/$(basename "$1")/kernel/vgpud-ends" $?
}
trap vgpud_end EXIT
trap 'exit 1' INT TERM

# ---- What is booted --------------------------------------------------------------

# What a change of the driver or the library breaks, it breaks here.
quick() {
    guest msix "$1" "$all" msix "$sample,queues=4" "$strict" -M pc -smp 2
    kernel "$1"
}

thorough() {
    quick "$1"
    guest pin "$1" "$all" pin "$sample,queues=4" "pci=nomsi" -M pc -smp 2
    guest one-queue "$1" basic,parallel msix "$sample,queues=1" "" -M q35 -smp 4
    # All memory by way of bounce buffers: what is not mapped, or not unmapped, or
    # by the wrong direction, shows.
    guest bounce "$1" basic,refuse,parallel msix "$sample,queues=4" \
        "swiotlb=force" -M q35 -smp 2
    guest plain "$1" plain none "$sample" "" -M pc
}

# With a QEMU of tests/driver/hostile.sh.
hostile() {
    guest hostile "$1" hostile msix "$sample,queues=4" "$strict" -M pc \
        -device vgpu-stub,vm_id=901,queues=1,addr=10 -device vgpu-stub,vm_id=902,queues=1,addr=11 \
        -device vgpu-stub,vm_id=903,queues=1,addr=12
}

for each in "$@"; do
    "$how" "$each"
done
echo "1..$count"
[ "$failures" = 0 ]
