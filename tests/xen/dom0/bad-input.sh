# shellcheck shell=dash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
# Texts that a VM's administrator could give, and a shim that is damaged: the VM
# starts, without the device unless the text is good, and the log has the reason.

bad_log() { cat /log/qemu-dm-t.log; }

# What printf makes of $1 is the key.
with_key() {
    # shellcheck disable=SC2059
    printf "$1" >/run/key
}

# The guest has run, and xl's domain is still there.
runs() {
    rm -f "$(serial t)" /log/qemu-dm-t.log
    create t && within 60 has_ended t && [ -n "$(domid t)" ]
}

# starts_without REASON: the VM runs without the device, and the log says why.
starts_without() {
    runs || return 1
    cat "$(serial t)"
    bad_log
    ! has_line t "$DEVICE" || { echo "the guest has the device"; return 1; }
    bad_log | grep -q "^vgpu: .*$1.*starting without the device" || {
        echo "the log does not have: $1"
        return 1
    }
}

# starts_with POOL: it runs with the device, of that pool.
starts_with() {
    runs || return 1
    cat "$(serial t)"
    bad_log
    has_line t "$DEVICE" && has_line t "POOL $1"
}

# starts_as_ever: without the device, and without a word about it.
starts_as_ever() {
    runs || return 1
    bad_log
    ! has_line t "$DEVICE" && ! bad_log | grep -q vgpu
}

# try NAME KEY COMMAND...
try() {
    name=$1
    with_key "$2"
    shift 2
    check "bad-input/$name" "$@"
    destroy t
    rm -f /run/key
}

# The shim waits for a xenstored that answers again when it is too late.
hang_xenstore() {
    cat >/run/before-shim <<'END'
kill -STOP "$(cat /run/xenstored.pid)"
(sleep 1.5; kill -CONT "$(cat /run/xenstored.pid)") &
END
}

# verify says of such a VM what is wrong, with the reason that the log has.
verify_tells() {
    starts_without "$1" || return 1
    status=0
    vgpuctl verify --xl t >/log/verify-bad 2>&1 || status=$?
    cat /log/verify-bad
    [ $status = 5 ] && grep -q "$1" /log/verify-bad
}

bad_input() {
    begin 'bad input'
    {
        echo "$tiny"
        echo "serial=\"file:$(serial t)\""
        echo 'device_model_override="/tests/device-model"'
    } | config t
    try wrong-value '-device vgpu-stub,pool_id=C' \
        starts_without "pool_id is 'C', and can be A, B"
    try verify '-device vgpu-stub,priority=highest' \
        verify_tells "priority is 'highest', and can be low, medium, high"
    try unknown-property '-device vgpu-stub,romfile=/etc/shadow' \
        starts_without "the property 'romfile' is unknown"
    try smuggled '-device vgpu-stub -priv' starts_without "'-priv'"
    try open-quote '-device "vgpu-stub,pool_id=B' starts_without 'its quotes do not match'
    try quoted-space '-device "vgpu-stub,pool_id=B "' starts_without "pool_id is 'B '"
    try no-utf8 '-device vgpu-stub,pool_id=\377' starts_without 'it is no valid UTF-8'
    # All that xenstore takes: 4096 bytes with the path.
    try 4-KiB "-device vgpu-stub,pool_id=$(printf %04000d 0)" starts_without "pool_id is '0000"
    try quotes "-device 'vgpu-stub,pool_id=B'" starts_with 00000042
    try spaces '   -device\t  vgpu-stub,pool_id=B  ' starts_with 00000042
    try empty '' starts_as_ever
    hang_xenstore
    try xenstore-silent '-device vgpu-stub' starts_without 'did not answer in time'
    rm /run/before-shim
    mv /usr/libexec/vgpu/qemu-args /usr/libexec/vgpu/away
    try helper-missing '-device vgpu-stub' starts_without "no program /usr/libexec/vgpu/qemu-args"
    mv /usr/libexec/vgpu/away /usr/libexec/vgpu/qemu-args
    try good-again '-device vgpu-stub' starts_with 00000041
}
