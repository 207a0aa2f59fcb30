#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl probe on a dom0 in a directory in which VMs start: each link of the way
# is seen where it holds and where it does not, and afterwards the VM and its key
# are as they were, also when probe was interrupted, at whatever step. Prints TAP.
# Usage: tests/vgpuctl/test_probe.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2034 # lib.sh and host.sh set and read them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh
. tests/dom0/host.sh

key=device-model-args
seeds='-device ich9-usb-ehci1,addr=1d'
note=$STATE/probe
steps='probe-note probe-key probe-shutdown probe-start probe-look probe-stop probe-key-back
    probe-started-again'

set_key() { xe vm-param-set uuid="$1" "platform:$key=$2"; }
get_key() { xe vm-param-get uuid="$1" param-name=platform param-key=$key 2>&1; }
no_key() { get_key "$1" | grep -q -x 'Error: Key device-model-args not found in map'; }
state() { xe vm-param-get uuid="$1" param-name=power-state; }
state_is() { [ "$(state "$1")" = "$2" ] || { state "$1"; return 1; }; }
# line OUTCOME TITLE TEXT: a check says so.
line() { grep -q -e "^$1 *$2.*: .*$3" "$log"; }

# as_found STATE KEY: the VM is so, KEY is "" for none, and nothing is left of it.
as_found() {
    state_is "$web" "$1" && if [ -z "$2" ]; then no_key "$web"; else
        [ "$(get_key "$web")" = "$2" ] || { get_key "$web"; return 1; }
    fi && [ ! -e "$root$note" ]
}
hook() {
    "$vgpuctl" wrapper install --root "$root" >"$log" 2>&1
    "$root/opt/xensource/bin/xe-toolstack-restart" >>"$log" 2>&1
}

# These verbs have no business with rpm's database: cheaper than to ask it.
database() { find "$root/var/lib/rpm" -name '*.sqlite' -printf '%p %s %T@\n'; }

# ---- What is refused -------------------------------------------------------------------

fresh
toolstack_start
as_user probe "$web"
check user/refused test "$user_status" = 3
check usage/none run 2 probe
check usage/two run 2 probe "$web" "$builder"
refused refused/unknown "no VM has the uuid or the name 'nobody'" probe nobody
echo suspended >"$root/var/xapi-stand-in/$web/power-state"
refused refused/suspended 'web, staging is suspended' probe "$web"
echo halted >"$root/var/xapi-stand-in/$web/power-state"
set_key "$web" '-device e1000'
refused refused/other-words "'-device' 'e1000' is not allowed" probe "$web"
set_key "$web" "-device 'x"
refused refused/quote 'cannot be read: its quotes do not match' probe "$web"
xe vm-param-remove uuid="$web" param-name=platform param-key=$key
sed -i 's/platform_filter: false/platform_filter: true/' "$root"/var/xapi-stand-in/pools/*/restrictions
refused refused/filter 'do not say platform_filter: false' probe "$web"
sed -i 's/platform_filter: true/platform_filter: false/' "$root"/var/xapi-stand-in/pools/*/restrictions
mkdir -p "$root$STATE"
echo x >"$root$note"
refused refused/broken-note 'makes no sense' probe "$web"
rm -r "${root:?}$STATE"

wrapper_is native
wrapper_is_packaged
refused refused/other-spelling "this host's wrapper reads platform:device_model_args by itself and not" \
    probe "$web"
wrapper_is 8.3

# ---- A stock host: the key does not reach QEMU ---------------------------------------------

check stock/status run 5 probe "$web"
check stock/xapi line ok 'XAPI has the key' 'platform:device-model-args=-device ich9-usb-ehci1,addr=1d'
check stock/xenstore line ok 'xenstore has the key' /platform/device-model-args
check stock/command-line line problem "QEMU's command line has the device" 'has no ich9-usb-ehci1'
check stock/reason line problem "QEMU's command line has the device" '; nothing takes a VM.s device-model-args to QEMU'
check stock/remedy says 'remedy: vgpuctl wrapper install'
check stock/bus line problem "QEMU's PCI bus has the device" 'shows no 8086:293a'
check stock/says says "do not reach its QEMU on this host"
check stock/as-found as_found halted ''

# ---- A hook that xenopsd has not read yet --------------------------------------------------

"$vgpuctl" wrapper install --root "$root" >"$log" 2>&1 || :
# A host whose xenopsd was started a minute before that.
mkdir -p "$root/proc/77"
cat /proc/uptime >"$root/proc/uptime"
ticks=$(awk '{ print int(($1 - 60) * 100) }' /proc/uptime)
echo "77 (xenopsd-xc) S 1 77 77 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 $ticks 0" >"$root/proc/77/stat"
check unread/status run 5 probe "$web"
check unread/reason line problem "QEMU's command line has the device" \
    'has no ich9-usb-ehci1; config: it does not run, or runs from before /etc/xenopsd.conf.d/vgpu.conf was written'
check unread/remedy says '^ *remedy: xe-toolstack-restart$'
check unread/as-found as_found halted ''

# ---- With the hook: all links hold -----------------------------------------------------------

# A dry run prints what a run does, and does nothing.
same_changes() {
    remember
    run 0 probe --dry-run "$@"
    nothing_changed || return 1
    sed -n 's/^would //p' "$log" >"$scratch/would"
    run 0 probe "$@"
    sed -n 's/^  \([a-z]* *\)/\1/p' "$log" >"$scratch/did"
    [ -s "$scratch/did" ] && diff "$scratch/would" "$scratch/did"
}
rm -r "$root/proc"
hook
check hook/status same_changes 'web, staging'
check hook/xapi line ok 'XAPI has the key' "$seeds"
check hook/xenstore line ok 'xenstore has the key' /platform/device-model-args
check hook/command-line line ok "QEMU's command line has the device" "$seeds (/proc/"
check hook/bus line ok "QEMU's PCI bus has the device" '8086:293a at 00:1d.0'
check hook/says says 'reach its QEMU on this host'
# Its guest never ran: it was started paused, and its plug was pulled.
check hook/paused says 'vm-start uuid=.* paused=true$'
check hook/force says 'vm-shutdown uuid=.* force=true$'
check hook/as-found as_found halted ''

# What else stands in the key stays there, to the byte.
other="-device   'ich9-usb-ehci1',addr=1c"
set_key "$web" "$other"
check rest/status run 0 probe "$web"
check rest/xapi line ok 'XAPI has the key' "-device ich9-usb-ehci1,addr=1c $seeds"
check rest/as-found as_found halted "$other"
set_key "$web" ''
check rest/empty run 0 probe --json "$web"
sed -n '2,$p' "$log" >"$scratch/json"
check json/checks python3 -c 'import json, sys
report = json.load(open(sys.argv[1]))
assert [c["outcome"] for c in report["checks"]] == ["ok"] * 4, report["checks"]' "$scratch/json"
check rest/empty-kept test "$(get_key "$web")" = ''
xe vm-param-remove uuid="$web" param-name=platform param-key=$key

# ---- A VM that runs -----------------------------------------------------------------------------

vm_start "$web"
refused running/refused 'web, staging is running' probe "$web"
check running/remedy says 'remedy: .*--restart'
check running/dry-run same_changes --restart "$web"
check running/as-found as_found running ''
check running/without sh -c "! tr '\\0' '\\n' <$root/var/run/xen/argv-$(domid_of "$web") |
    grep -q ich9-usb-ehci1"

# ---- Interrupted by a power cut, at each step -------------------------------------------------------

# What is left of it is put back before anything else: the next probe may be of
# another VM, or be refused.
put_back() {
    run 3 probe nobody && says 'an earlier probe of web, staging .* was interrupted' &&
        says "no VM has the uuid or the name 'nobody'"
}
for step in $steps; do
    check "killed/running/$step" killed "$step" probe --restart "$web"
    check "killed/running/$step/put-back" put_back
    check "killed/running/$step/as-found" as_found running ''
done
vm_stop "$web"
set_key "$web" "$other"
# The steps of a VM that does not run.
for step in probe-note probe-key probe-start probe-look probe-stop probe-key-back; do
    check "killed/halted/$step" killed "$step" probe "$web"
    check "killed/halted/$step/put-back" put_back
    check "killed/halted/$step/as-found" as_found halted "$other"
done
check killed/same-vm/killed killed probe-start probe "$web"
check killed/same-vm/again run 0 probe "$web"
check killed/same-vm/says says 'an earlier probe of web, staging .* was interrupted'
check killed/same-vm/reaches says 'reach its QEMU on this host'
check killed/same-vm/as-found as_found halted "$other"

# What others have done to the VM since is theirs.
check since/killed killed probe-start probe "$web"
xe vm-unpause uuid="$web"
check since/unpaused run 3 probe nobody
check since/unpaused-says says 'warning: web, staging is running by now, and is left so'
check since/unpaused-left as_found running "$other"
vm_stop "$web"
check since/killed-again killed probe-key probe "$web"
set_key "$web" "$seeds -s"
check since/key run 3 probe nobody
check since/key-says says 'warning: .* of web, staging has been changed by somebody else'
check since/key-left as_found halted "$seeds -s"
set_key "$web" "$other"
check since/dry-run-killed killed probe-key probe "$web"
remember
check since/dry-run run 0 probe --dry-run "$builder"
check since/dry-run-says says '^would run .*xe vm-param-set uuid='
check since/dry-run-nothing nothing_changed
mv "$root/var/xapi-stand-in/$web" "$scratch/gone"
check since/gone run 3 probe nobody
check since/gone-says says 'warning: that VM is no more'
check since/gone-note test ! -e "$root$note"
mv "$scratch/gone" "$root/var/xapi-stand-in/$web"
set_key "$web" "$other"

# ---- A start that takes long, and one that fails -------------------------------------------------------

cp -p "$root$WRAPPER" "$scratch/wrapper"
cat >"$root$WRAPPER" <<END
#!/bin/sh
# A stand-in for a host that is busy.
until [ -e $scratch/go ]; do sleep 0.05; done
exec /usr/bin/python3 $scratch/wrapper "\$@"
END
"$vgpuctl" probe --root "$root" "$web" >"$log" 2>&1 &
probe=$!
tries=0
until [ "$(ls "$XENSTORED_RUNDIR"/vm-* 2>/dev/null)" ] || [ $tries -gt 400 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
kill -TERM $probe
: >"$scratch/go"
status=0
wait $probe || status=$?
check signal/status test "$status" = 1
check signal/says says 'interrupted by a signal'
check signal/as-found as_found halted "$other"

# Lines of other domains, whose numbers begin or end as this one's.
domid=$(($(cat "$XENSTORED_RUNDIR/last-domid") + 1))
cat >"$root$WRAPPER" <<END
#!/bin/sh
# A stand-in for a wrapper that does not get as far as QEMU.
echo "NameError: name 'qemu_env' is not defined"
for other in ${domid}1 1$domid; do
    echo "\$(date '+%b %e %H:%M:%S') host qemu-dm-\$other[77]: of another" >>$root$DAEMON_LOG
done
exit 1
END
# Longer than a busy machine takes to run that wrapper.
VGPU_READY_TIMEOUT=3
export VGPU_READY_TIMEOUT
check fails/status run 1 probe "$web"
check fails/says says 'xe vm-start: An emulator required to run this VM failed to start'
check fails/head says "the last lines of qemu-dm-$domid in /var/log/daemon.log:"
check fails/line says "^  NameError: name 'qemu_env' is not defined\$"
check fails/not-others sh -c "! grep -q 'of another' $log"
check fails/as-found as_found halted "$other"
cp -p "$scratch/wrapper" "$root$WRAPPER"

# xapi goes away in the middle: what can be put back later is noted.
check down/killed killed probe-start probe "$web"
touch "$root/var/xapi-stand-in/down"
check down/status run 4 probe "$web"
check down/noted test -e "$root$note"
rm "$root/var/xapi-stand-in/down"
check down/later put_back
check down/as-found as_found halted "$other"

finish
