# shellcheck shell=dash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2154
# Two Linux guests: g1, whose device stands in its configuration, and g2, whose
# device stands in xenstore alone and whose QEMU is restricted. g2's has queues, and a
# link to vgpud.

# As tests/guest/checks.c wants it of the first guest.
SAMPLE='vgpu-stub,pool_id=B,priority=high,vm_id=100,addr=1e'
LINK="socket,id=vgpu0,path=$SOCKET"
OTHER='vgpu-stub,pool_id=A,priority=low,vm_id=7,queues=2,chardev=vgpu0'
# A stock device, to compare with. (No network card: a guest with Xen's drivers
# unplugs those.)
PEER='"-device","ich9-usb-ehci1,addr=1c"'

# An idle machine needs 70 s.
BOOT_S=400

# first_boot NAME: from xl create to the guest's shell.
first_boot() {
    open_serial "$1"
    within 5 test -e "$(serial "$1")"
    create "$1" && ready "$1" 0 $BOOT_S
}

# ---- The device in the configuration --------------------------------------------

# What the firmware has placed is what the guest uses.
bar_is_hvmloaders() {
    placed=$(hvmloader_bar "$(domid "$1")" 1e)
    seen=$(bar "$1")
    echo "hvmloader: '$placed', the guest: '$seen'"
    [ -n "$placed" ] && [ "$placed" = "$seen" ]
}

direct() {
    begin 'xl create'
    {
        echo "$linux"
        echo 'serial="pipe:/run/g1"'
        echo "device_model_override=\"$QEMU\""
        echo "device_model_args_hvm=[\"-device\",\"$SAMPLE\",$PEER]"
    } | config g1
    check direct/boots first_boot g1
    check direct/bar-is-hvmloaders bar_is_hvmloaders g1
    check direct/verify verify_agrees g1
    # Judged outside, by the guest suite's own checks: /xen/guest/*.
    ask g1 check >/log/direct.console
}

# ---- The device in xenstore, through the shim ------------------------------------

shim_has_added() {
    cat /log/qemu-dm-g2.log
    grep -qxF "Adding device-model-args from xenstore: ['-chardev', '$LINK', '-device', '$OTHER,addr=1e']" \
        /log/qemu-dm-g2.log && ! grep -q vgpu-stub /log/g2.cfg
}

is_restricted() {
    pid=$(qemu_pid g2) id=$(domid g2)
    grep '^[UG]id' "/proc/$pid/status"
    ls -l "/proc/$pid/root"
    tr '\0' '\n' <"/proc/$pid/cmdline"
    uid=$((131072 + id))
    grep -q "^Uid:	$uid	$uid	$uid	$uid\$" "/proc/$pid/status" &&
        [ "$(readlink "/proc/$pid/root")" = "/run/xen/qemu-root-$id" ] &&
        [ "$(readlink "/proc/$pid/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ] &&
        [ "$(readlink "/proc/$pid/ns/ipc")" != "$(readlink /proc/self/ns/ipc)" ] &&
        tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qx -e -xen-domid-restrict
}

# The tool's word on the domain: exit status 0, and QEMU's BAR is the guest's.
verify_agrees() {
    status=0
    vgpuctl verify --xl "$1" >/log/verify 2>&1 || status=$?
    cat /log/verify
    echo "exit status $status"
    vgpuctl verify --xl "$1" --json >/log/verify.json 2>&1
    cat /log/verify.json
    [ $status = 0 ] && grep -q "$(bar "$1")" /log/verify &&
        grep -q '"verdict" *: *"in-qemu"' /log/verify.json
}

through_shim() {
    begin 'the shim, and a restricted QEMU'
    check shim/vgpud-starts vgpud_starts
    {
        echo "$linux"
        echo "uuid=\"$VM\""
        echo 'serial="pipe:/run/g2"'
        echo 'dm_restrict=1'
        echo 'device_model_override="/tests/device-model"'
    } | config g2
    printf -- '-chardev %s -device %s' "$LINK" "$OTHER" >/run/key
    explain=g2_logs
    check shim/boots first_boot g2
    explain=
    check shim/has-added shim_has_added
    check shim/registers has_registers g2 00000000 00000000 00000041 00000000 00000007
    check shim/restricted is_restricted
    check shim/verify verify_agrees g2
}

# ---- Both at once ------------------------------------------------------------------

has_one_device() {
    ask "$1" "lspci -n -d $DEVICE" >/log/devices
    cat /log/devices
    [ "$(grep -c "$DEVICE" /log/devices)" = 1 ]
}

# g2 has been restored by then; see config() for why.
both_are_off_processor_0() {
    for guest in g1 g2; do
        xl vcpu-list $guest
        [ "$(xl vcpu-list $guest | awk 'NR == 2 { print $(NF - 2) }')" = 1 ] || return 1
    done
}

both_have_their_own() {
    has_one_device g1 && has_one_device g2 &&
        ask g1 'vgpu-regs write COMMAND 0xcafe0001' &&
        has_registers g1 cafe0001 00000001 00000042 00000002 00000064 &&
        has_registers g2 00000000 00000000 00000041 00000000 00000007
}

# ---- Hot-plug ------------------------------------------------------------------------

guest_has_slot() { ask g1 "ls /sys/bus/pci/devices" | grep -q "0000:00:$1.0"; }
guest_lacks_slot() { ! guest_has_slot "$1"; }
qemu_has() { monitor g1 info qtree | grep -q "id \"$1\""; }
qemu_lacks() { ! qemu_has "$1"; }

plug() {
    monitor g1 device_add vgpu-stub,id=plugged,pool_id=A,priority=medium,vm_id=55,addr=1d
    within 30 guest_has_slot 1d || return 1
    ask g1 'vgpu-regs -d 0000:00:1d.0 list' >/log/plugged
    cat /log/plugged
    echo "its BAR: $(bar g1 1d.0)"
    grep -q 'POOL *0x00000041' /log/plugged && grep -q 'VM_ID *0x00000037' /log/plugged &&
        grep -q 'MAGIC *0x55504756' /log/plugged && [ -n "$(bar g1 1d.0)" ]
}

unplug() {
    monitor g1 device_del plugged
    within 30 guest_lacks_slot 1d && within 30 qemu_lacks plugged && has_one_device g1
}

# ---- What an access costs ----------------------------------------------------------

cost() {
    begin 'what a register access costs'
    ask g1 'vgpu-regs time' >/log/cost
    ask g1 'vgpu-regs -d 0000:00:1c.0 time' >/log/cost-peer
    ours=$(sed -n 's/ ns a read.*//p' /log/cost)
    peer=$(sed -n 's/ ns a read.*//p' /log/cost-peer)
    report "@@ cost $ours $peer"
    check cost/measured test "${ours:-0}" -gt 0 -a "${peer:-0}" -gt 0
}

# ---- Save, restore, reboot ----------------------------------------------------------

survives() {
    before=$(bar g1) old=$(domid g1)
    save_and_restore g1 || return 1
    after=$(bar g1)
    echo "domain $old, then $(domid g1); BAR at '$before', then '$after'"
    [ -n "$before" ] && [ "$before" = "$after" ] && [ "$old" != "$(domid g1)" ]
}

reboots() {
    at=$(lines g1) old=$(domid g1)
    echo 'reboot -f' 1<>/run/g1.in
    ready g1 "$at" $BOOT_S && [ "$old" != "$(domid g1)" ] &&
        has_registers g1 00000000 00000000 00000042 00000002 00000064
}

clean_kernel() {
    for guest in g1 g2; do
        ask $guest 'dmesg | grep -E "BUG|WARNING|Oops|Call Trace|panic:" || echo clean' \
            >/log/kernel
        cat /log/kernel
        grep -qx clean /log/kernel || return 1
    done
}

# g2 by itself.
accelerated_guest() {
    through_shim
    accelerator
    after_restore
    destroy g2
    check kernel/vgpud-ends vgpud_ends
}

linux_guests() {
    direct
    through_shim
    accelerator
    # It unloads the driver: from here on the registers are vgpu-regs' again.
    after_restore
    begin 'two guests at once'
    check two/each-its-own both_have_their_own
    check two/off-processor-0 both_are_off_processor_0
    begin 'hot-plug'
    check hotplug/plugged plug
    check hotplug/unplugged unplug
    cost
    begin 'save and restore'
    check save/bar-survives survives
    check save/registers-survive \
        has_registers g1 cafe0001 00000001 00000042 00000002 00000064
    check save/kernels-are-clean clean_kernel
    begin 'reboot'
    check reboot/device-as-after-reset reboots
    check reboot/bar-is-hvmloaders bar_is_hvmloaders g1
    check reboot/other-guest-untouched \
        has_registers g2 00000000 00000000 00000041 00000000 00000007
    destroy g1
    destroy g2
    check kernel/vgpud-ends vgpud_ends
}
