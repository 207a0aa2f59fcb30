#!/bin/sh
# SPDX-License-Identifier: MIT
# The shim with a real xenstored, the real libxenstore and a real QEMU: what a VM
# asks for, to the command line that each generation of the wrapper makes of it.
# Prints TAP.
# Usage: tests/shim/test_xenstore.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2034 # lib.sh sets and reads them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh
. tests/dom0/host.sh

shim=/usr/libexec/vgpu
good='-device vgpu-stub,pool_id=B,priority=high,vm_id=7'

# hook: the shim in its place, as `vgpuctl wrapper install` puts it there.
hook() {
    mkdir -p "$root$shim" "$root/etc/vgpu" "$root/run"
    cp "$build/shim/qemu-wrapper" "$build/shim/qemu-args" "$root$shim/"
    echo "upstream-compat-qemu-dm-wrapper=$shim/qemu-wrapper" >"$root/etc/xenopsd.conf.d/vgpu.conf"
    : >"$root$DAEMON_LOG"
}

# ask TEXT: the VM wants that, and is started.
ask() {
    log=$scratch/log
    : >"$log"
    xe vm-param-set uuid="$web" platform:device-model-args="$1"
    started=$(date +%s%N)
    vm_start "$web" >>"$log" 2>&1 || return 1
    took=$((($(date +%s%N) - started) / 1000000))
    domid=$(domid_of "$web")
    qemu_command_line "$domid" >"$scratch/line"
    logged "$domid" >"$scratch/logged"
    cat "$scratch/line" "$scratch/logged" >>"$log"
    vm_stop "$web" >>"$log" 2>&1
}

# gets WORD: QEMU's command line has `-device WORD`, once.
gets() { [ "$(grep -c -x -e "$1" "$scratch/line")" = 1 ] && [ "$(grep -c vgpu-stub "$scratch/line")" = 1 ]; }
gets_none() { ! grep -q -e vgpu-stub -e ehci "$scratch/line"; }
# sandboxed: what the wrapper closes QEMU in is there.
sandboxed() {
    grep -q -x -e -xen-domid-restrict "$scratch/line" && grep -q -e "^-runas$\|^user=" "$scratch/line" &&
        grep -q -e "root-$domid$" "$scratch/line"
}
reason() { grep -q -e "^vgpu: .*$1.*: starting without the device$" "$scratch/logged"; }
# The promise: a wrong text costs a start less than a second. A start by itself
# takes this lab up to five.
in_time() { [ "$took" -lt 6000 ]; }

fresh
toolstack_start
custom_qemu

# ---- Every generation of the wrapper -----------------------------------------------

for generation in 8.3 26.10; do
    wrapper_is $generation
    hook
    check "$generation/starts" ask "$good"
    check "$generation/device" gets 'vgpu-stub,pool_id=B,priority=high,vm_id=7,addr=1e'
    check "$generation/guides-line" grep -q -x -F \
        "Adding device-model-args from xenstore: ['-device', 'vgpu-stub,pool_id=B,priority=high,vm_id=7,addr=1e']" \
        "$scratch/logged"
    check "$generation/sandboxed" sandboxed
    check "$generation/priv/starts" ask "$good -priv"
    check "$generation/priv/no-device" gets_none
    check "$generation/priv/sandboxed" sandboxed
    check "$generation/priv/reason" reason "'-priv' is not allowed"
    check "$generation/priv-quoted/starts" ask "$good '-pr''iv'"
    check "$generation/priv-quoted/sandboxed" sandboxed
done

# Wrappers that read a key by themselves: the device is never there twice.
wrapper_is by-hand
hook
check by-hand/starts ask "$good"
check by-hand/once gets 'vgpu-stub,pool_id=B,priority=high,vm_id=7'
check by-hand/reason reason 'the wrapper reads the key by itself'
wrapper_is native
hook
# Without addr= this one's device would lie in the VGA's slot.
xe vm-param-set uuid="$web" platform:device_model_args="$good,addr=1e"
check native/starts ask "$good"
check native/once gets 'vgpu-stub,pool_id=B,priority=high,vm_id=7,addr=1e'
check native/reason reason 'the wrapper reads the key by itself'
xe vm-param-remove uuid="$web" param-name=platform param-key=device_model_args

# ---- What a VM can ask for -----------------------------------------------------------

wrapper_is 8.3
hook
check probe/starts ask '-device ich9-usb-ehci1'
check probe/device grep -q -x -e 'ich9-usb-ehci1,addr=1d' "$scratch/line"
check quoted/starts ask "-device \"vgpu-stub,pool_id=A\""
check quoted/device gets 'vgpu-stub,pool_id=A,addr=1e'
check twice/starts ask '-device vgpu-stub -device vgpu-stub'
check twice/none gets_none
check twice/reason reason twice
check open-quote/starts ask "-device 'vgpu-stub"
check open-quote/reason reason 'quotes do not match'
check empty/starts ask ''
check empty/silent sh -c "! grep -q vgpu '$scratch/logged'"
# A socket that nobody listens at would end QEMU. One that is listened at is
# QEMU's to connect to, also where the device does not use it yet, without queues.
link="-chardev socket,id=vgpu0,path=/run/vgpu/$web.sock -device vgpu-stub,chardev=vgpu0"
check socket/starts ask "$link"
check socket/reason reason "nobody listens at .*/run/vgpu/$web.sock"
mkdir -p "$root/run/vgpu"
python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
print(flush=True)
s.settimeout(20)
s.listen(1)
print(flush=True)
s.accept()
print("somebody has connected")' "$root/run/vgpu/$web.sock" >"$scratch/listener" &
listener=$!
tries=0
until [ "$(wc -l <"$scratch/listener")" = 2 ] || [ $tries -gt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
check socket/listened/starts ask "$link"
check socket/listened/device gets "vgpu-stub,chardev=vgpu0,addr=1e"
check socket/listened/reconnects grep -q -x -e "socket,id=vgpu0,path=.*$web.sock,reconnect=1" "$scratch/line"
# New at each start, and of this one: vgpud looks for a QEMU in that root.
check socket/listened/note [ "$(cat "$root/run/vgpu/$web.root")" = "root-$domid" ]
check socket/listened/note-is-roots [ "$(stat -c %a:%u "$root/run/vgpu/$web.root")" = 644:0 ]
wait "$listener"
check socket/listened/connected grep -q connected "$scratch/listener"
check unpaired/starts ask "-chardev socket,id=vgpu0,path=/run/vgpu/$web.sock -device vgpu-stub"
check unpaired/reason reason 'do not belong to each other'
check octal/starts ask '-device vgpu-stub,vm_id=012'
check octal/reason reason "vm_id is '012'"
check bad-value/starts ask '-device vgpu-stub,pool_id=C'
check bad-value/reason reason "pool_id is 'C'"
check long/starts ask "-device vgpu-stub$(printf '%3000s' '')"
check long/device gets vgpu-stub,addr=1e
check slots/starts ask '-device vgpu-stub,addr=2'
check slots/reason reason "addr is '2'"

# By allow-args what root allows, and only where it is root's.
printf '# ours\n-device pci-testdev,addr=1b\n-priv\n' >"$root/etc/vgpu/allow-args"
check allowed/starts ask "-device vgpu-stub -device pci-testdev,addr=1b"
check allowed/word grep -q -x -e pci-testdev,addr=1b "$scratch/line"
check allowed/collision/starts ask "-device vgpu-stub,addr=1b -device pci-testdev,addr=1b"
check allowed/collision/reason reason 'slot is taken'
check allowed/never-priv ask '-priv'
check allowed/sandboxed sandboxed
chmod 666 "$root/etc/vgpu/allow-args"
check allowed/others-can-write ask "-device pci-testdev,addr=1b"
check allowed/not-used reason 'is not allowed'
rm "$root/etc/vgpu/allow-args"

# ---- Whatever is wrong with the host ---------------------------------------------------

rpm_q -U --oldpackage "$rpms/stock.rpm"
check stock-qemu/starts ask "$good"
check stock-qemu/in-time in_time
check stock-qemu/reason reason 'has no device vgpu-stub'
custom_qemu
check qemu-again/starts ask "$good"
check qemu-again/device gets 'vgpu-stub,pool_id=B,priority=high,vm_id=7,addr=1e'
# The cache vouches for one QEMU only, and only when root wrote it.
chmod 666 "$root/run/vgpu-qemu-args"
sed -i 's/.*/no such QEMU/' "$root/run/vgpu-qemu-args"
check cache/spoiled ask "$good"
check cache/root-s-again [ "$(stat -c %a "$root/run/vgpu-qemu-args")" != 666 ]
check cache/device gets 'vgpu-stub,pool_id=B,priority=high,vm_id=7,addr=1e'
rm "$root$shim/qemu-args"
check no-qemu-args/starts ask "$good"
check no-qemu-args/in-time in_time
check no-qemu-args/logged grep -q 'vgpu: no program /usr/libexec/vgpu/qemu-args' "$scratch/logged"

# ---- qemu-args by itself ---------------------------------------------------------------

hook
log=$scratch/log
args() {
    VGPU_ROOT=$root "$root$shim/qemu-args" "$@" >"$scratch/words" 2>"$scratch/why"
}
# domain DOMID TEXT: as xenopsd writes it.
domain() {
    xenstore-write -- "/local/domain/$1/vm" "/vm/$web" \
        "/local/domain/$1/platform/device-model-args" "$2"
}
domain 900 "$(printf '%s\377' "$good")"
check invalid-utf-8/fails sh -c '! "$@"' sh env VGPU_ROOT="$root" "$root$shim/qemu-args" 900
args 900 || :
check invalid-utf-8/reason grep -q 'no valid UTF-8: starting without the device' "$scratch/why"
check invalid-utf-8/no-words [ ! -s "$scratch/words" ]
domain 901 "$good"
check words/ends args 901 -device x,addr=1e
printf -- '-device\0vgpu-stub,pool_id=B,priority=high,vm_id=7,addr=1d\0' >"$scratch/wanted"
check words/as-they-are cmp "$scratch/words" "$scratch/wanted"
check no-key/ends args 902
check no-key/silent sh -c "[ ! -s '$scratch/words' ] && [ ! -s '$scratch/why' ]"
for wrong in x -1 99999 65536 '' 1x '1 2'; do
    check "domid/'$wrong'" sh -c '! "$@" 2>"'"$scratch"'/usage" && grep -q ^usage: "'"$scratch"'/usage"' sh \
        env VGPU_ROOT="$root" "$root$shim/qemu-args" "$wrong"
done

# A xenstored that does not answer, and then one that is not there.
deadline() {
    began=$(date +%s%N)
    if args "$@"; then return 1; fi
    ms=$((($(date +%s%N) - began) / 1000000))
    echo "# $ms ms"
    [ "$ms" -lt 1500 ] && grep -q 'starting without the device' "$scratch/why" && [ ! -s "$scratch/words" ]
}
kill -STOP "$xenstored_pid"
check xenstored-hangs/in-time deadline 901
kill -CONT "$xenstored_pid"
check xenstored-again args 901
toolstack_stop
check no-xenstored/in-time deadline 901
check no-xenstored/reason grep -q 'xenstored does not answer' "$scratch/why"
# A QEMU that does not answer leaves nothing behind.
toolstack_start
domain 901 "$good"
printf '#!/bin/sh\nexec sleep 77.77\n' >"$root$QEMU"
check qemu-hangs/in-time deadline 901
sleep 0.2
check qemu-hangs/nothing-left sh -c '! pgrep -f "^sleep 77.77$"'
finish
