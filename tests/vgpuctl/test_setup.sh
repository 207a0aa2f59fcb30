#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl setup, from the RPM to a verified VM in one run, also when it is cut off
# after any step; and rollback, which takes all of it away, the wrapper first. On
# a dom0 in a directory with a real xenstored and real QEMUs. Prints TAP.
# Usage: tests/vgpuctl/test_setup.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2034 # lib.sh sets and reads them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh
. tests/dom0/host.sh

HOOK=/etc/xenopsd.conf.d/vgpu.conf
SHIM=/usr/libexec/vgpu
key() { xe vm-param-get uuid="$web" param-name=platform param-key=device-model-args 2>&1; }
has_key() { [ "$(key)" = "$1" ]; }
has_no_key() { key | grep -q 'not found in map'; }
state_is() { [ "$(xe vm-param-get uuid="$web" param-name=power-state)" = "$1" ]; }
device_is() { qemu_command_line "$(domid_of "$web")" | grep -q -x -e "$1"; }
lacks_word() { ! qemu_command_line "$(domid_of "$web")" | grep -q -e "$1"; }
# setup STATUS WORD...: of the VM `web, staging`, with the RPM.
setup() {
    setup_status=$1
    shift
    run "$setup_status" setup --wait 0 --rpm "$rpms/new.rpm" --stock-rpm "$rpms/stock.rpm" "$web" "$@"
}
# A new host: what ran on the old one has ended.
anew() {
    toolstack_stop
    fresh
    toolstack_start
}
# before LINE LATER: the one is said earlier than the other.
before() {
    [ "$(grep -n -m 1 -e "$1" "$log" | cut -d: -f1)" -lt "$(grep -n -m 1 -e "$2" "$log" | cut -d: -f1)" ]
}

# ---- What is refused ------------------------------------------------------------------

anew
check usage/no-vm run 2 setup
check usage/says says 'which VM?'
check usage/two run 2 setup a b
check usage/bad-pool run 2 setup --pool C "$web"
check usage/bad-pool-says says "pool_id is 'C', and can be A, B"
refused no-such-vm 'nobody' setup nobody
refused no-rpm 'no RPM was built in' setup --topdir "$scratch/none" "$web"
vm_start "$web"
refused running 'is running: it gets the device when it is started' setup --rpm "$rpms/new.rpm" "$web"
vm_stop "$web"
as_user setup "$web"
check no-root [ "$user_status" = 3 ]
check no-root-says says 'root'

check usage/wait run 2 setup --wait 3601 "$web"
check usage/wait-says says 'takes 0 to 3600 seconds'
check usage/wait-negative run 2 setup --wait=-1 "$web"

# ---- A dry run ------------------------------------------------------------------------

remember
check dry-run/status setup 0 --dry-run
check dry-run/rpm says 'run .*rpm .*-U'
check dry-run/shim says "write .*$SHIM/qemu-args"
check dry-run/hook says "write .*$HOOK"
check dry-run/key says 'run .*vm-param-set .*platform:device-model-args='
check dry-run/start says 'run .*vm-start'
check dry-run/proof says 'then: vgpuctl verify'
check dry-run/changes-nothing nothing_changed

# ---- The whole ------------------------------------------------------------------------

files >"$scratch/stock-files"
check whole/status setup 0 --pool B --priority high --vm-id 7
check whole/steps before '1 of 5: the QEMU' '5 of 5: the proof'
check whole/qemu has_device
check whole/hook grep -q -x "upstream-compat-qemu-dm-wrapper=$SHIM/qemu-wrapper" "$root$HOOK"
check whole/key has_key '-device vgpu-stub,pool_id=B,priority=high,vm_id=7,addr=1e'
check whole/runs state_is running
check whole/device device_is 'vgpu-stub,pool_id=B,priority=high,vm_id=7,addr=1e'
check whole/guest-not-asked says 'the guest has not been asked'

remember
domid=$(domid_of "$web")
check again/status run 0 setup --wait 0 "$web"
check again/nothing-to-do says 'has the device: nothing to do'
check again/changes-nothing nothing_changed
check again/same-domain [ "$(domid_of "$web")" = "$domid" ]

# ---- Another device for a VM that runs ------------------------------------------------

other='-device vgpu-stub,pool_id=A,priority=high,vm_id=7,addr=1e'
refused another/pool 'is running with what it was started with' setup --wait 0 --pool A "$web"
check another/remedy says "remedy: the same command with --restart; or xe vm-reboot uuid=$web"
# As an earlier run may have left it.
xe vm-param-set uuid="$web" platform:device-model-args="$other"
refused another/key-set 'is running with what it was started with' setup --wait 0 "$web"
remember
check another/dry-run/status run 0 setup --wait 0 --restart --dry-run "$web"
check another/dry-run/restarts before 'vm-shutdown' 'vm-start'
check another/dry-run/changes-nothing nothing_changed
check another/resumed/status run 0 setup --wait 0 --restart "$web"
check another/resumed/device device_is 'vgpu-stub,pool_id=A,priority=high,vm_id=7,addr=1e'
check another/resumed/another-domain [ "$(domid_of "$web")" != "$domid" ]
check another/back/status run 0 setup --wait 0 --restart --pool B "$web"
check another/back/device device_is 'vgpu-stub,pool_id=B,priority=high,vm_id=7,addr=1e'
check another/settled run 0 setup --wait 0 --pool B "$web"
check another/settled/nothing-to-do says 'runs with the device: nothing to do'

# ---- The wait -----------------------------------------------------------------------------

vm_stop "$web"
{
    until state_is running; do sleep 0.2; done
    guest_maps_bar "$web" 0xfebf1000
} >"$scratch/mapping" 2>&1 &
mapping=$!
check wait/mapped/status run 0 setup --wait 60 "$web"
wait "$mapping"
check wait/mapped/says-so says 'BAR 0 is 4 KiB at 0xfebf1000'
# Nobody maps it: nothing is wrong, and nothing is known.
vm_stop "$web"
check wait/unmapped/status run 0 setup --wait 1 "$web"
check wait/unmapped/says-so says '^unknown .*its BAR 0 is not mapped yet'
# A paused VM never does.
printf 'paused\n' >"$root/var/xapi-stand-in/$web/power-state"
start=$(date +%s)
check wait/paused/status run 0 setup --wait 60 "$web"
check wait/paused/at-once [ $(($(date +%s) - start)) -lt 20 ]
printf 'running\n' >"$root/var/xapi-stand-in/$web/power-state"

# ---- Back -----------------------------------------------------------------------------

check back/status run 0 rollback --vms --restart-toolstack
check back/wrapper-first before "remove .*$HOOK" "remove .*$SHIM/qemu-wrapper"
check back/then-the-key before "remove .*$SHIM/qemu-wrapper" 'vm-param-remove'
check back/then-the-qemu before 'vm-param-remove' 'run .*rpm '
check back/says-that-it-runs says 'these VMs run, and keep their QEMU'
check back/no-key has_no_key
vm_stop "$web"
check back/qemu lacks_device
# All but what a VM that runs leaves behind.
hosts_own() { grep -v -e daemon.log -e ./var/xapi-stand-in -e ./var/run -e ./var/lib -e ' \./run' "$1"; }
no_differences() {
    files >"$scratch/now"
    hosts_own "$scratch/stock-files" >"$scratch/wanted"
    hosts_own "$scratch/now" | diff "$scratch/wanted" - >>"$log"
}
check back/files no_differences
check back/starts vm_start "$web"
check back/without-device lacks_word vgpu-stub
vm_stop "$web"
check back/again run 0 rollback --vms --restart-toolstack
check back/nothing-to-do says 'nothing to do'

# A QEMU of another's making.
anew
custom_qemu
refused foreign 'vgpuctl did not install this QEMU' rollback --vms --restart-toolstack
check foreign/wrapper says 'remedy: .*vgpuctl wrapper remove'
check foreign/vms says 'remedy: .*vgpuctl detach --all'

# Only what was asked for.
anew
check keep/setup setup 0
check keep/shutdown vm_stop "$web"
check keep/rollback run 0 rollback --keep-wrapper
check keep/qemu lacks_device
check keep/hook [ -e "$root$HOOK" ]
check keep/key has_key '-device vgpu-stub,pool_id=A,priority=medium,vm_id=1,addr=1e'
# A VM that still asks for the device starts without it.
check keep/starts vm_start "$web"
check keep/reason grep -q 'has no device vgpu-stub: starting without the device' "$root$DAEMON_LOG"
vm_stop "$web"

# ---- Where it stops, it goes on ---------------------------------------------------------

anew
chmod -x "$root/opt/xensource/bin/xe-toolstack-restart"
check stopped/status setup 4
check stopped/where says 'setup stops at the wrapper'
check stopped/qemu-stays has_device
check stopped/no-hook [ ! -e "$root$HOOK" ]
chmod +x "$root/opt/xensource/bin/xe-toolstack-restart"
check stopped/goes-on run 0 setup --wait 0 "$web"
check stopped/device device_is 'vgpu-stub,pool_id=A,priority=medium,vm_id=1,addr=1e'

# The steps of install by itself are in test_interrupted.sh.
for step in installing rpm end qemu-args shim config restart; do
    anew
    check "killed/$step/killed" killed "$step" setup --wait 0 --rpm "$rpms/new.rpm" --stock-rpm "$rpms/stock.rpm" "$web"
    # At each point the host can start its VMs.
    check "killed/$step/starts" vm_start "$web"
    vm_stop "$web"
    check "killed/$step/goes-on" setup 0
    check "killed/$step/device" device_is 'vgpu-stub,pool_id=A,priority=medium,vm_id=1,addr=1e'
done
for step in config restart shim qemu-args; do
    anew
    setup 0
    vm_stop "$web"
    check "back-killed/$step/killed" killed "$step" rollback --vms --restart-toolstack
    check "back-killed/$step/starts" vm_start "$web"
    vm_stop "$web"
    check "back-killed/$step/goes-on" run 0 rollback --vms --restart-toolstack
    check "back-killed/$step/no-hook" [ ! -e "$root$HOOK" ]
    check "back-killed/$step/no-shim" [ ! -e "$root$SHIM" ]
    check "back-killed/$step/no-key" has_no_key
    check "back-killed/$step/qemu" lacks_device
done
finish
