#!/bin/sh
# SPDX-License-Identifier: MIT
# The last part of `make demo`: a program in a Linux guest has an OpenCL kernel run by
# the host; then the host runs the same kernel itself, and both results are compared.
# Usage: tests/demo/run.sh KERNEL
set -u
. lab/lib.sh
. tests/driver/vgpud.sh

[ $# = 1 ] || die "usage: tests/demo/run.sh KERNEL"
kernel=$1
: "${VGPU_QEMU:=$BUILD/qemu/qemu-system-x86_64}" "${VGPU_ACCEL:=tcg}"
: "${VGPU_GUEST:=$BUILD/guest/amd64}"
case $(basename "$VGPU_QEMU") in
*i386*)
    say "(no kernel from a guest: this QEMU runs no 64-bit guest, for which the driver is)"
    exit 0
    ;;
esac
source=tests/demo/mandelbrot.cl
work=$BUILD/demo
console=$work/console
# It takes ten seconds in an emulated guest.
boot_limit=300
device=vgpu-stub,pool_id=B,priority=high,vm_id=100,queues=2,chardev=vgpu0

trap vgpud_end EXIT
trap 'exit 1' INT TERM
mkdir -p "$work"
rm -f "$console" "$work"/*.report

title() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
prompt() { printf '\n%s\n' "$*"; }
indent() { sed 's/^/  /'; }

# section NAME: what the guest has printed under it.
section() {
    tr -d '\r' <"$console" | sed -n "/^@@ $1/,/^@@ /p" | grep -v '^@@ '
}
# number FILE NAME: of a report.
number() { [ ! -f "$work/$1.report" ] || sed -n "s/^$2=//p" "$work/$1.report"; }

boot() {
    cat "$VGPU_GUEST/initrd" "$kernel/demo.cpio" >"$work/initrd"
    timeout --foreground -k 5 "$boot_limit" "$VGPU_QEMU" -accel "$VGPU_ACCEL" -M pc -m 256 -smp 2 \
        -nodefaults -no-reboot -display none -vga none -serial stdio \
        -kernel "$kernel/vmlinuz" -initrd "$work/initrd" \
        -append "console=ttyS0 quiet panic=-1 nokaslr rdinit=/driver-init" \
        -chardev "socket,id=vgpu0,path=$vgpud_socket,reconnect=1" -device "$device" \
        </dev/null >"$console" 2>&1
}

failed=0
# row TITLE STATUS SEEN
row() {
    word=ok
    [ "$2" = 0 ] || { word=FAILED failed=$((failed + 1)); }
    printf '%-40s %-6s %s\n' "$1" "$word" "$3"
}
# holds CONDITION...: prints 0 when it is true.
holds() { if "$@"; then echo 0; else echo 1; fi; }

title "An OpenCL kernel from a guest, run by the host"
cat <<'END'

  guest                                   host
  mandelbrot > libvgpu > /dev/vgpu0  ==>  QEMU with vgpu-stub > vgpud's worker > OpenCL
END

prompt "host$ vgpud --config-dir vms --run-dir run &"
vgpud_start "$work/vgpud.log" || die "vgpud does not start; its log is in $work/vgpud.log"
prompt "host$ qemu-system-x86_64 ... -chardev socket,id=vgpu0,path=run/VM.sock \\
    -device $device"
boot
booted=$?
prompt "guest$ insmod vgpu_stub.ko; ls -l /dev/vgpu0"
section insmod | indent
prompt "guest$ vgpu-smi"
section smi | indent
prompt "guest$ cat mandelbrot.cl"
sed '1d' "$source" | indent
prompt "guest$ mandelbrot"
section mandelbrot | indent
section report >"$work/guest.report"
if [ $booted != 0 ] || ! grep -q '^@@ end' "$console"; then
    printf '\nThe guest did not run to its end. Its console:\n'
    tail -n 40 "$console" | indent
    printf 'What vgpud said:\n'
    indent <"$work/vgpud.log"
fi

prompt "host$ mandelbrot-host      # the same kernel, by the host's OpenCL directly"
POCL_CACHE_DIR=$vgpud_directory/own-cache "$work/mandelbrot-host" "$source" \
    "$work/host.report" 2>&1 | indent

guest_sum=$(number guest sum) host_sum=$(number host sum)
link=$(section link) log=$(section rmmod)
# A sum that is not there is equal to nothing.
: "${host_sum:=none}"
printf '\n%-40s %-6s %s\n' CHECKED "" SEEN
row "the driver loads" "$(holds [ "$(section insmod | grep -c '/dev/vgpu0$')" = 1 ])" \
    "/dev/vgpu0"
row "the device's link to vgpud" "$(holds [ "$link" = up ])" "$link"
row "the kernel, as the guest computes it" "$(holds grep -q '^@@ end yes' "$console")" \
    "sum over all points $guest_sum"
row "the kernel, as the host runs it" "$(holds [ "$guest_sum" = "$host_sum" ])" \
    "sum over all points $host_sum"
row "the guest's log: no BUG, no WARNING" "$(holds [ "$log" = clean ])" "$log"

printf '\n%-40s %12s %15s\n' MILLISECONDS "in the guest" "on the host"
time_row() { printf '%-40s %12s %15s\n' "$1" "$(number guest "$2")" "$3"; }
time_row "the kernel itself" kernel "$(number host kernel)"
time_row "source to result, with the compiler" first "$(number host first)"
time_row "source to result, compiled before" again "$(number host again)"
time_row "by the guest's own processor ($VGPU_ACCEL)" own "-"
[ "$failed" = 0 ]
