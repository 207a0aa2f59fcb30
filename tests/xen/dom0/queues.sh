# shellcheck shell=dash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
# A device with queues: it reaches the memory of a guest of Xen, which QEMU maps
# piece by piece, also from a QEMU that may touch that one domain only.

queue_works() {
    rm -f "$(serial q)"
    create q && within 60 has_ended q
    cat "$(serial q)"
    destroy q && has_line q "pin 1 caps" &&
        has_line q 'queue: state 1, status 0, result 00000000, DMA ok'
}

queue_config() {
    {
        echo "$tiny"
        echo "serial=\"file:$(serial q)\""
        echo "device_model_override=\"$QEMU\""
        echo 'device_model_args_hvm=["-device","vgpu-stub,queues=2,addr=1e"]'
        cat
    } | config q
}

queues() {
    begin 'queues and DMA'
    queue_config </dev/null
    check queues/memory queue_works
    echo 'dm_restrict=1' | queue_config
    check queues/memory-of-a-restricted-qemu queue_works
}
