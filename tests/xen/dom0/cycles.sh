# shellcheck shell=dash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
# Domains that come and go leave nothing behind. Each ends when its guest has
# listed the device, so its firmware has placed the BAR.

CYCLES=5
# What dom0 and Xen may have less after all of them: less than one domain's QEMU
# (some 25 MiB) or one guest (64 MiB) by far. dom0's own logs grow meanwhile.
DOM0_BOUND_KIB=4096
XEN_BOUND_MIB=1

one_cycle() {
    rm -f "$(serial t)"
    create t && within 60 has_ended t && has_line t "$DEVICE" && destroy t &&
        within 20 no_domain_is_left
}

# shellcheck disable=SC2009
processes() { ps -o comm | grep -c -e qemu -e '^xl'; }
available_kib() {
    echo 3 >/proc/sys/vm/drop_caches
    awk '/^MemAvailable/ { print $2 }' /proc/meminfo
}

all_cycles() {
    count=0
    while [ $count -lt $CYCLES ]; do
        one_cycle || return 1
        count=$((count + 1))
    done
}

at_most() {
    echo "$1 is $2, at most $3 wanted"
    [ "$2" -le "$3" ]
}

cycles() {
    begin 'create and destroy'
    {
        echo "$tiny"
        echo "serial=\"file:$(serial t)\""
        echo "device_model_override=\"$QEMU\""
        echo 'device_model_args_hvm=["-device","vgpu-stub,addr=1e"]'
    } | config t
    # The first one loads what stays.
    check cycles/first one_cycle
    processes=$(processes) nodes=$(xenstore-ls -f | wc -l) free=$(free_mib)
    available=$(available_kib)
    check "cycles/$CYCLES-more" all_cycles
    check cycles/no-process at_most 'QEMUs and xls' "$(processes)" "$processes"
    check cycles/no-xenstore-node at_most nodes "$(xenstore-ls -f | wc -l)" "$nodes"
    grown=$((available - $(available_kib)))
    lost=$((free - $(free_mib)))
    echo "after $CYCLES cycles: dom0 has $grown KiB less, Xen $lost MiB less" | note
    check cycles/no-growth-of-dom0 at_most KiB $grown $DOM0_BOUND_KIB
    check cycles/no-growth-of-xen at_most MiB $lost $XEN_BOUND_MIB
}
