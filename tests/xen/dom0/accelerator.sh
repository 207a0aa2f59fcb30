# shellcheck shell=dash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2154
# vgpud and its worker in dom0, with PoCL, and the driver in g2, whose device has queues
# and a link: interrupts, and OpenCL kernels. g2's QEMU is restricted, and what it has
# come by is the shim's (linux-guests.sh).

VM=22222222-2222-4222-8222-222222222222
SOCKET=/run/vgpu/$VM.sock
# The root that tests/xen/make-opencl.sh has made.
RUNTIME=/runtime
# The first kernel takes a quarter of a minute here, and longer on a loaded machine.
JOB_LIMIT_MS=240000

# ---- The host's side ----------------------------------------------------------------

mount_runtime() {
    mkdir -p $RUNTIME
    mount -t ext4 -o ro /dev/vdb $RUNTIME || return 1
    for directory in proc sys dev run usr/libexec/vgpu; do
        mount --bind "/$directory" "$RUNTIME/$directory" || return 1
    done
    mount -t tmpfs none $RUNTIME/tmp && mount -t tmpfs none $RUNTIME/var/cache
}

# vgpud_config PRIORITY
vgpud_config() {
    mkdir -p /run/vms
    cat >"/run/vms/$VM.conf" <<END
[vm]
priority=$1
backend=opencl
device=cpu
job_limit_ms=$JOB_LIMIT_MS
END
}

vgpud_starts() {
    mount_runtime || return 1
    vgpud_config low
    chroot $RUNTIME /usr/libexec/vgpu/vgpud --config-dir /run/vms </dev/null >/log/vgpud.log 2>&1 &
    vgpud=$!
    within 20 test -S "$SOCKET" || { cat /log/vgpud.log; return 1; }
}

# vgpud logs, and has nothing left, when it is told to end.
vgpud_ends() {
    kill "$vgpud"
    wait "$vgpud"
    vgpud_status=$?
    cat /log/vgpud.log
    [ $vgpud_status = 0 ] && [ ! -e "$SOCKET" ] && [ -z "$(worker)" ]
}

worker() { pidof vgpu-worker; }

# What a worker may be, seen from outside: a user whom nobody else is, without a
# capability, behind a filter.
worker_is_locked_in() {
    within 30 worker || return 1
    grep -E '^(Uid|Gid|Groups|CapEff|CapBnd|NoNewPrivs|Seccomp):' "/proc/$(worker)/status" >/log/worker
    cat /log/worker
    uid=$(awk '/^Uid:/ { print $2 }' /log/worker)
    # 0x70000000 on: vgpud's users, as docs/vgpud.md has them.
    [ "$uid" -ge 1879048192 ] &&
        [ "$uid" != "$(awk '/^Uid:/ { print $2 }' "/proc/$(qemu_pid g2)/status")" ] &&
        grep -q '^CapEff:	0*$' /log/worker && grep -q '^Seccomp:	2$' /log/worker
}

# What explains a failure of what follows.
g2_logs() {
    echo "vgpud:"
    tail -n 12 /log/vgpud.log
    echo "g2's device model:"
    grep -v '^xen be core' /log/qemu-dm-g2.log | tail -n 5
    echo "g2:"
    ask g2 'dmesg | grep -i vgpu | tail -n 12; vgpu-smi; grep vgpu /proc/interrupts'
}

# ---- The driver in the guest --------------------------------------------------------

# in_guest NAME COMMAND: it succeeds there.
in_guest() {
    ask "$1" "$2; echo \"status \$?\"" >/log/said
    said=$?
    cat /log/said
    [ $said = 0 ] && tail -n 1 /log/said | grep -qx 'status 0'
}

# vgpud's word on the priority comes to the running guest, by an interrupt.
priority_changes() {
    for priority in high low; do
        vgpud_config $priority
        kill -HUP "$vgpud"
        within 30 has_priority $priority || return 1
    done
    queue_interrupts
    cat /log/interrupts
    grep config /log/interrupts | grep -q ': *[1-9]'
}
has_priority() { ask g2 'cat /sys/class/vgpu/vgpu0/priority' | grep -qx "$1"; }

driver_loads() {
    in_guest g2 'insmod /vgpu_stub.ko && [ -c /dev/vgpu0 ]' && within 30 link_is up
}
link_is() { ask g2 'cat /sys/class/vgpu/vgpu0/link' | grep -qx "$1"; }

# How often the queues' vectors, or the pin, have interrupted g2: a line each, with a
# column for each processor.
queue_interrupts() {
    ask g2 'grep vgpu0 /proc/interrupts' >/log/interrupts
    awk '/vgpu0 queue|vgpu0$/ { for (i = 2; $i ~ /^[0-9]+$/; i++) sum += $i }
        END { print sum + 0 }' /log/interrupts
}

has_vectors() {
    queue_interrupts
    cat /log/interrupts
    grep -i 'msi-\?x' /log/interrupts | grep -q 'vgpu0 queue 0$' &&
        grep -i 'msi-\?x' /log/interrupts | grep -q 'vgpu0 config$'
}

# The guest's own test of commands and memory, and that interrupts have told of them.
device_tests() {
    before=$(queue_interrupts)
    ask_limit=180 in_guest g2 'vgpu-test' || return 1
    after=$(queue_interrupts)
    cat /log/interrupts
    echo "interrupts: $before before it, $after after it"
    [ "$after" -gt "$before" ]
}

# No more of it than is judged: each character costs this machine milliseconds.
smi_shows() {
    in_guest g2 'vgpu-smi >/smi && grep -o "A     low *7 " /smi && vgpu-smi --json >/smi && grep vm_id /smi' &&
        grep -q 'A     low *7 ' /log/said && grep -q '"vm_id": 7' /log/said
}

# kernel_runs TIMES: each time the guest looks at the sums.
kernel_runs() {
    ask_limit=300 in_guest g2 "vgpu-add 240 $1"
}

accelerator() {
    begin 'the driver, and kernels'
    explain=g2_logs
    check driver/loads driver_loads
    check driver/msi-x has_vectors
    check driver/smi smi_shows
    check driver/configuration-interrupt priority_changes
    check kernel/worker-is-locked-in worker_is_locked_in
    check kernel/runs kernel_runs 1
    check kernel/runs-again kernel_runs 3
    # With a kernel, too, for which it has a minute.
    check driver/commands-and-interrupts device_tests
    explain=
}

# g2 goes and comes back with its driver at work, by its QEMU's state.
accelerator_survives() {
    old=$(domid g2)
    save_and_restore g2 || return 1
    echo "domain $old, then $(domid g2)"
    within 60 link_is up && [ "$old" != "$(domid g2)" ]
}

driver_unloads() {
    in_guest g2 'rmmod vgpu_stub && [ ! -e /dev/vgpu0 ] && ! grep vgpu /proc/interrupts'
}

# The same driver without MSI-X, which the kernel is told to leave alone.
pin_works() {
    in_guest g2 'echo 0 >/sys/bus/pci/devices/0000:00:1e.0/msi_bus && insmod /vgpu_stub.ko' &&
        within 30 link_is up && device_tests && grep -q 'vgpu0$' /log/interrupts &&
        ! grep -q queue /log/interrupts
}

after_restore() {
    begin 'save and restore with the driver'
    explain=g2_logs
    check save/link-comes-back accelerator_survives
    check save/driver-works device_tests
    check save/kernel-runs kernel_runs 1
    check driver/unloads driver_unloads
    check driver/pin pin_works
    explain=
    check driver/unloads-again driver_unloads
}
