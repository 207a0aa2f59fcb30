# shellcheck shell=dash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
# Proof that the test of save and restore can fail: the same with a QEMU whose
# device has the first guide's fault, no vmstate.

loses() {
    first_boot g3 || return 1
    ask g3 'vgpu-regs write COMMAND 0xcafe0001'
    has_registers g3 cafe0001 00000001 00000042 00000002 00000064 || return 1
    save_and_restore g3 || return 1
    ask g3 'vgpu-regs list' >/log/registers || return 1
    echo 'after the restore:'
    cat /log/registers
    grep -q ' COMMAND ' /log/registers && ! grep -q cafe0001 /log/registers
}

lost_state() {
    begin 'a device without vmstate'
    {
        echo "$linux"
        echo 'serial="pipe:/run/g3"'
        echo 'device_model_override="/usr/lib64/xen/bin/qemu-without-vmstate"'
        echo "device_model_args_hvm=[\"-device\",\"$SAMPLE\"]"
    } | config g3
    check save/is-lost-without-vmstate loses
    destroy g3
}
