#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl wrapper with VMs that start: each generation of the wrapper, by each way
# that vgpuctl makes, to the command line of a real QEMU, with a real xenstored.
# Prints TAP.
# Usage: tests/vgpuctl/test_wrapper_live.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2034 # lib.sh sets and reads them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh
. tests/dom0/host.sh

good='-device vgpu-stub,pool_id=B,priority=high,vm_id=7'
device='vgpu-stub,pool_id=B,priority=high,vm_id=7,addr=1e'

# ask TEXT: the VM wants that, and is started.
ask() {
    : >"$log"
    xe vm-param-set uuid="$web" platform:device-model-args="$1"
    : >"$root$DAEMON_LOG"
    vm_start "$web" >>"$log" 2>&1 || { cat "$root$DAEMON_LOG" >>"$log"; return 1; }
    domid=$(domid_of "$web")
    qemu_command_line "$domid" >"$scratch/line"
    logged "$domid" >"$scratch/logged"
    cat "$scratch/line" "$scratch/logged" >>"$log"
    vm_stop "$web" >>"$log" 2>&1
}
# gets_it: QEMU has the device once, as -device, and was logged with it.
gets_it() {
    [ "$(grep -c vgpu-stub "$scratch/line")" = 1 ] &&
        grep -A 1 -x -e -device "$scratch/line" | grep -q -x "$device" &&
        grep -q "^Exec: .* -device $device" "$scratch/logged" &&
        grep -q -x "Adding device-model-args from xenstore: \['-device', '$device'\]" "$scratch/logged"
}
# The edit's words come behind all others.
comes_last() { [ "$(tail -n 1 "$scratch/line")" = "$device" ]; }
gets_none() { ! grep -q vgpu-stub "$scratch/line" && ! grep -q vgpu-stub "$scratch/logged"; }
reason() { grep -q -e "^vgpu: .*$1.*: starting without the device$" "$scratch/logged"; }
sandboxed() { grep -q -x -e -xen-domid-restrict "$scratch/line"; }

fresh
toolstack_start

# host GENERATION: the host that has this wrapper, with the QEMU that has the device.
host() {
    case $1 in
    8.2) host_is 8.2 && rpm_q -U --oldpackage "$rpms/new.rpm" ;;
    *) host_is 8.3 && wrapper_is "$1" && custom_qemu ;;
    esac
    cp -p "$root$WRAPPER" "$scratch/stock"
    : >"$root$DAEMON_LOG"
}
wrapper_is_back() {
    cmp "$scratch/stock" "$root$WRAPPER" &&
        [ "$(stat -c '%y %a' "$scratch/stock")" = "$(stat -c '%y %a' "$root$WRAPPER")" ]
}

# way GENERATION METHOD: in, what a VM gets, and out again.
way() {
    name=$1/$2
    host "$1"
    check "$name/install" run 0 wrapper install --method "$2" --restart-toolstack
    check "$name/starts" ask "$good"
    check "$name/gets-it" gets_it
    [ "$2" = config ] || check "$name/comes-last" comes_last
    check "$name/sandboxed" sandboxed
    check "$name/smuggled/starts" ask "$good -priv -monitor tcp:0.0.0.0:7777,server,nowait"
    check "$name/smuggled/none" gets_none
    check "$name/smuggled/sandboxed" sandboxed
    check "$name/smuggled/reason" reason -priv
    check "$name/remove" run 0 wrapper remove --restart-toolstack
    check "$name/wrapper" wrapper_is_back
    check "$name/removed/starts" ask "$good"
    check "$name/removed/none" gets_none
}
way 8.3 config
way 26.10 config
way 8.3 python
way 26.10 python
if python2_there; then
    way 8.2 python
else
    skip 8.2/python "$why"
fi

# As the first guide has it: replaced, and the device is there once all the same.
for method in config python; do
    host by-hand
    check "by-hand/$method/install" run 0 wrapper install --method "$method" --restart-toolstack
    check "by-hand/$method/starts" ask "$good"
    check "by-hand/$method/gets-it" gets_it
done

# Both at once, as a switch that is interrupted leaves it.
host 8.3
run 0 wrapper install --method python || :
check both/is-killed killed restart wrapper install --method config --restart-toolstack
check both/starts ask "$good"
check both/gets-it gets_it
check both/next-run run 0 wrapper install --restart-toolstack
check both/then/starts ask "$good"
check both/then/gets-it gets_it
finish
