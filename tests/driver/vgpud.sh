# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# A vgpud of one's own with one VM, whose worker runs OpenCL on the processor: sourced
# after lab/lib.sh.

vgpud_vm=11111111-1111-4111-8111-111111111111

# vgpud_start LOG: starts it, and sets $vgpud_directory (with vms, run and cache in
# it), $vgpud_socket and $vgpud_pid. A worker is another user where vgpud is root: it
# has to get to its cache, so the directory is not below the checkout. A compiler is
# given the time that it takes on a loaded machine.
vgpud_start() {
    vgpud_directory=$(mktemp -d) || return 1
    vgpud_socket=$vgpud_directory/run/$vgpud_vm.sock
    chmod 755 "$vgpud_directory" && mkdir "$vgpud_directory/vms" || return 1
    printf '[vm]\nbackend=opencl\ndevice=cpu\njob_limit_ms=60000\n' >"$vgpud_directory/vms/$vgpud_vm.conf"
    chmod 644 "$vgpud_directory/vms/$vgpud_vm.conf"
    "$BUILD/vgpud/vgpud" --config-dir "$vgpud_directory/vms" \
        --run-dir "$vgpud_directory/run" --cache-dir "$vgpud_directory/cache" \
        --worker "$BUILD/vgpud/vgpu-worker" 2>"$1" &
    vgpud_pid=$!
    for _ in $(seq 100); do
        [ ! -S "$vgpud_socket" ] || return 0
        sleep 0.1
    done
    sed 's/^/# /' "$1"
    return 1
}

# vgpud_end: may be called at any time; fails when vgpud did not end in order.
vgpud_end() {
    vgpud_status=0
    if [ "${vgpud_pid:-}" ]; then
        kill "$vgpud_pid" 2>/dev/null
        wait "$vgpud_pid" || vgpud_status=$?
    fi
    [ -z "${vgpud_directory:-}" ] || rm -rf "$vgpud_directory"
    vgpud_pid='' vgpud_directory=''
    return "$vgpud_status"
}
