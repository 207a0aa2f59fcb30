#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl verify: each link of the way into a VM, whole and broken, on a dom0 in a
# directory whose xenstore and QEMUs are real. Prints TAP.
# Usage: tests/vgpuctl/test_verify.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2034 # lib.sh and host.sh set and read them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh
. tests/dom0/host.sh

found=5
name='web, staging'

# line OUTCOME TITLE TEXT: a link says so.
line() { grep -q -e "^$1 *$2.*: .*$3" "$log"; }
remedy() { grep -q -e "^ *remedy: .*$1" "$log"; }
is() { [ "$1" = "$2" ]; }
# not COMMAND...: it fails. (`!` alone is no command for check.)
not() { ! "$@"; }
verify() {
    expected_status=$1
    shift
    run "$expected_status" verify "$@"
}
key() { xe vm-param-set uuid="$web" platform:device-model-args="$1"; }
# within SECONDS COMMAND...: it takes less than that.
within() {
    limit=$1 before=$(date +%s)
    shift
    "$@" && [ $(($(date +%s) - before)) -lt "$limit" ]
}
toolstack_restart() { "$root/opt/xensource/bin/xe-toolstack-restart" >/dev/null; }

# ---- The command line ----------------------------------------------------------------

fresh
# usage NAME TEXT WORD...: exit status 2, one line and its remedy.
usage() {
    usage_name=$1 usage_text=$2
    shift 2
    remember
    if run 2 verify "$@" && grep -q "^vgpuctl verify: .*$usage_text" "$log.err" &&
        [ "$(wc -l <"$log.err")" = 2 ] && grep -q '^  remedy: .' "$log.err" && nothing_changed; then
        pass "$usage_name"
    else
        fail "$usage_name"
    fi
}
usage usage/no-vm 'which VM'
usage usage/two-vms 'one VM at a time' web, staging
usage usage/ssh-option 'begins with a dash' "$web" --ssh=-oProxyCommand=true
usage usage/ssh-words 'no host.s name has' "$web" --ssh 'root@a; reboot'
usage usage/wait 'takes 0 to 3600 seconds' "$web" --wait 4000
usage usage/wait-negative 'takes 0 to 3600 seconds' "$web" --wait=-1
usage usage/vm-and-xl 'one of a VM and --xl DOMAIN' "$web" --xl web
usage usage/xl-path 'no slash' --xl ../1
usage usage/xl-number 'five digits at most' --xl 123456
usage usage/xl-option 'begins with no dash' --xl=-v
usage usage/xl-empty 'not empty' --xl=
usage usage/xl-ssh 'begins with a dash' --xl web --ssh=-oProxyCommand=true
refused unknown/name 'nosuch' verify nosuch
touch "$root/var/xapi-stand-in/down"
refused xapi-down 'Connection refused' verify "$web"
rm "$root/var/xapi-stand-in/down"

# ---- Before the VM runs ----------------------------------------------------------------

toolstack_start
remember
check stock/status verify $found "$name"
check stock/key line problem 'XAPI has the device' 'it has no device-model-args'
check stock/key-remedy remedy 'vgpuctl attach'
check stock/hook line problem 'the host brings the key to QEMU' 'nothing takes a VM.s device-model-args to QEMU'
check stock/hook-remedy remedy 'vgpuctl wrapper install'
check stock/binary line problem 'the installed QEMU has the device' 'has no line'
check stock/halted line problem "the VM's QEMU was started with it" 'the VM is halted'
check stock/verdict says 'the VM has no such device'
check stock/changed nothing_changed

custom_qemu
check install run 0 wrapper install
toolstack_restart
key '-device vgpu-stub,pool_id=B,priority=high,vm_id=7'
check configured/status verify $found "$web"
check configured/key line ok 'XAPI has the device' '-device vgpu-stub,pool_id=B,priority=high,vm_id=7'
check configured/hook line ok 'the host brings the key to QEMU' 'config'
check configured/binary line ok 'the installed QEMU has the device' 'name "vgpu-stub", bus PCI'
check configured/remedy remedy "xe vm-start uuid=$web, then vgpuctl verify $web --wait"
check configured/verdict says "^$name ($web): only configured"

key '-device vgpu-stub -priv'
check smuggled/status verify $found "$web"
check smuggled/says-so line problem 'XAPI has the device' "the rules refuse -device vgpu-stub -priv: '-priv' is not allowed"
check smuggled/remedy remedy "xe vm-param-remove uuid=$web param-name=platform param-key=device-model-args, then vgpuctl attach $web"
check smuggled/verdict says 'the VM has no such device'
key ''
check empty/status verify $found "$web"
check empty/says-so line problem 'XAPI has the device' 'an empty key has no vgpu-stub'

# ---- The running VM --------------------------------------------------------------------

key '-device vgpu-stub,pool_id=B,priority=high,vm_id=7'
vm_start "$web"
domid=$(domid_of "$web")
pid=$(qemu_pid "$domid")
remember
check running/status verify 0 "$name"
check running/changed nothing_changed
check running/xenstore line ok 'xenstore has what XAPI has' \
    "/local/domain/$domid/platform/device-model-args is -device vgpu-stub,pool_id=B,priority=high,vm_id=7"
check running/command-line line ok "the VM's QEMU was started with it" \
    "qemu-dm-$domid (pid $pid) has -device vgpu-stub,pool_id=B,priority=high,vm_id=7,addr=1e"
check running/log says "daemon.log: qemu-dm-$domid: Adding device-model-args from xenstore: \['-device', 'vgpu-stub,pool_id=B,priority=high,vm_id=7,addr=1e'\]"
check running/unmapped line unknown 'QEMU has it on its PCI bus' '1af4:1111 is at 00:1e.0; its BAR 0 is not mapped yet by the guest'
check running/by-hand says 'lspci -nn -d 1af4:1111'
check running/must-show says '00:1e.0 Processing accelerators \[1200\]: Red Hat, Inc. Device \[1af4:1111\] (rev 01)'
check running/verdict says 'QEMU has it; the guest has not been asked'
guest_maps_bar "$web" 0xfebf1000
check mapped/status verify 0 "$web"
check mapped/says-so line ok 'QEMU has it on its PCI bus' '1af4:1111 is at 00:1e.0, BAR 0 is 4 KiB at 0xfebf1000'
check mapped/json run 0 verify --json "$web"
sed 1d "$log" >"$log.json"
check mapped/json-is-one python3 -c 'import json, sys
report = json.load(open(sys.argv[1]))
assert report["verb"] == "verify" and report["exit_code"] == 0 and report["changes"] == []
assert report["values"]["verdict"] == "in-qemu", report["values"]
assert report["values"]["uuid"] == sys.argv[2]
assert [c["outcome"] for c in report["checks"]] == ["ok"] * 6, report["checks"]' "$log.json" "$web"

# ---- The guest -------------------------------------------------------------------------

# Of docs/specification.md, section 1; a line of `resource` has start, end and flags.
guest=$scratch/guest
device=$guest/pci/devices/0000:00:1e.0
guest_has() {
    rm -rf "$guest"
    mkdir -p "$device" "$guest/pci/devices/0000:00:00.0"
    echo 0x8086 >"$guest/pci/devices/0000:00:00.0/vendor"
    echo 0x1237 >"$guest/pci/devices/0000:00:00.0/device"
    echo 0x1af4 >"$device/vendor"
    echo 0x1111 >"$device/device"
    echo 0x120000 >"$device/class"
    echo 0x1af4 >"$device/subsystem_vendor"
    echo 0x0001 >"$device/subsystem_device"
    echo '0x00000000febf1000 0x00000000febf1fff 0x0000000000040200' >"$device/resource"
}
mkdir -p "$scratch/bin"
cat >"$scratch/bin/ssh" <<'END'
#!/bin/sh
# A stand-in for ssh: checks that it is asked safely, and runs the command on a guest
# that is a directory ($GUEST), or says what $GUEST/says has and exits as $GUEST/exits.
# SPDX-License-Identifier: MIT
words=" $* "
for wanted in BatchMode=yes PasswordAuthentication=no StrictHostKeyChecking=yes \
    ConnectTimeout=10 ClearAllForwardings=yes; do
    case $words in *" -o $wanted "*) ;; *) echo "stand-in: no -o $wanted"; exit 64 ;; esac
done
while [ "$1" != -- ]; do shift; done
[ "$2" = root@guest ] || { echo "stand-in: not $2"; exit 64; }
# It boots: so many times there is no answer.
boots=$(cat "$GUEST/boots" 2>/dev/null || echo 0)
[ "$boots" -le 0 ] || {
    echo $((boots - 1)) >"$GUEST/boots"
    echo "ssh: connect to host guest port 22: $(cat "$GUEST/booting")"
    exit 255
}
echo x >>"$GUEST/asked"
[ ! -e "$GUEST/says" ] || { cat "$GUEST/says"; exit "$(cat "$GUEST/exits")"; }
[ ! -e "$GUEST/floods" ] || exec yes 'vgpu-device 0000:00:1e.0'
# The directory is the guest's /sys/bus, and there is no lspci but this.
lspci() { :; }
export PATH="$GUEST/bin:$PATH"
sh -c "$(printf '%s\n' "$3" | sed "s#/sys/bus/#$GUEST/#g")"
END
chmod 755 "$scratch/bin/ssh"
GUEST=$guest
export GUEST
PATH=$scratch/bin:$PATH
lspci_says() {
    mkdir -p "$guest/bin"
    printf '#!/bin/sh\n# A stand-in for lspci.\n[ "$*" = "-n -d 1af4:1111" ] && echo "%s"\n' "$1" >"$guest/bin/lspci"
    chmod 755 "$guest/bin/lspci"
}
ask() { verify "$1" "$web" --ssh root@guest; }

guest_has
lspci_says '00:1e.0 1200: 1af4:1111 (rev 01)'
check guest/status ask 0
check guest/says-so line ok 'the guest has found it' '0000:00:1e.0, class 0x120000, BAR 0 is 4 KiB at 0xfebf1000'
check guest/lspci says 'lspci: 00:1e.0 1200: 1af4:1111 (rev 01)'
check guest/verdict says "^$name ($web): really enumerated"

rm -r "$device"
check guest/absent/status ask $found
check guest/absent/says-so line problem 'the guest has found it' 'no PCI device 1af4:1111'
check guest/absent/remedy remedy '/sys/bus/pci/rescan'
check guest/absent/verdict says 'QEMU has it; the guest does not show it'
guest_has
echo 0x000000 >"$device/class"
check guest/class/status ask $found
check guest/class/says-so line problem 'the guest has found it' 'class 0x000000 instead of 0x120000'
guest_has
echo '0x00000000febf2000 0x00000000febf2fff 0x0000000000040200' >"$device/resource"
check guest/another/status ask $found
check guest/another/says-so line problem 'the guest has found it' 'BAR 0 at 0xfebf2000, in QEMU it is at 0xfebf1000'
check guest/another/remedy remedy 'another VM'
guest_has
echo 255 >"$guest/exits"
echo 'root@guest: Permission denied (publickey,password).' >"$guest/says"
check guest/denied/status ask $found
check guest/denied/says-so line problem 'the guest has found it' 'Permission denied'
check guest/denied/remedy remedy 'authorized_keys'
check guest/denied/verdict says 'the guest has not been asked'
printf 'No ED25519 host key is known for guest and you have requested strict checking.\nHost key verification failed.\n' >"$guest/says"
check guest/unknown-key/status ask $found
check guest/unknown-key/remedy remedy 'compare the fingerprint'
# Permission is not what a guest that boots denies: asked once.
guest_has
echo 255 >"$guest/exits"
echo 'root@guest: Permission denied (publickey,password).' >"$guest/says"
check guest/denied/once/status within 5 verify $found "$web" --ssh root@guest --wait 30
check guest/denied/once is "$(wc -l <"$guest/asked")" 1
VGPUCTL_LIMIT_MS=200
export VGPUCTL_LIMIT_MS
for reason in 'No route to host' 'Connection refused' 'Connection timed out'; do
    guest_has
    echo "$reason" >"$guest/booting"
    echo 2 >"$guest/boots"
    check "guest/boots/$reason/status" verify 0 "$web" --ssh root@guest --wait 30
    check "guest/boots/$reason/verdict" says "^$name ($web): really enumerated"
    echo 100 >"$guest/boots"
    check "guest/never/$reason/status" within 20 verify $found "$web" --ssh root@guest --wait 1
    check "guest/never/$reason/says-so" line problem 'the guest has found it' "$reason"
done
unset VGPUCTL_LIMIT_MS
echo 1 >"$guest/boots"
check guest/no-wait/status ask $found
guest_has
touch "$guest/floods"
check guest/floods/status within 20 ask $found
check guest/floods/says-so line problem 'the guest has found it' 'longer than 65536 bytes'
check guest/other-machine run $found verify "$web" --ssh root@other
check guest/other-machine/says-so says 'stand-in: not root@other' # so it is the stand-in that is asked
rm -rf "$guest"

# ---- Plain Xen: the same QEMU, without XAPI and its logs -----------------------------------

cat >"$scratch/bin/xl" <<'END'
#!/bin/sh
# A stand-in for xl: `xl domid NAME`, by what the real xenstored has.
# SPDX-License-Identifier: MIT
[ "$1" = domid ] && [ $# = 2 ] || exit 64
[ ! -e "$0.hangs" ] || exec sleep 60
for domid in $(xenstore-list /local/domain); do
    [ "$(xenstore-read "/local/domain/$domid/name")" != "$2" ] || { echo "$domid"; exit; }
done
echo "Can't get domid of domain name '$2', maybe this domain does not exist." >&2
exit 1
END
chmod 755 "$scratch/bin/xl"
here=/local/domain/$domid
mv "$root/opt/xensource" "$root/opt/hidden"
mv "$root/var/log" "$root/var/hidden"
remember
check xl/status verify 0 --xl "$domid"
check xl/changed nothing_changed
check xl/key line ok 'xenstore has the device' '-device vgpu-stub,pool_id=B,priority=high,vm_id=7$'
check xl/command-line line ok "the VM's QEMU was started with it" \
    "qemu-dm-$domid (pid $pid) has -device vgpu-stub,pool_id=B,priority=high,vm_id=7,addr=1e"
check xl/bus line ok 'QEMU has it on its PCI bus' '1af4:1111 is at 00:1e.0, BAR 0 is 4 KiB at 0xfebf1000'
check xl/by-hand says 'lspci -nn -d 1af4:1111'
check xl/verdict says "^$name ($web): QEMU has it; the guest has not been asked"
check xl/no-xapi not says 'XAPI\|daemon.log'
check xl/json run 0 verify --json --xl "$domid"
sed 1d "$log" >"$log.json"
check xl/json-is-one python3 -c 'import json, sys
report = json.load(open(sys.argv[1]))
assert report["verb"] == "verify" and report["exit_code"] == 0 and report["changes"] == []
assert report["values"] == {"verdict": "in-qemu", "uuid": sys.argv[2]}, report["values"]
assert [c["outcome"] for c in report["checks"]] == ["ok"] * 3, report["checks"]' "$log.json" "$web"
guest_has
check xl/guest/status verify 0 --xl "$domid" --ssh root@guest
check xl/guest/verdict says "^$name ($web): really enumerated"
rm -r "$device"
check xl/guest/absent/status verify $found --xl "$domid" --ssh root@guest
check xl/guest/absent/verdict says 'QEMU has it; the guest does not show it'
rm -rf "$guest"

check xl/name/status verify 0 --xl "$name"
check xl/name/command-line line ok "the VM's QEMU was started with it" "qemu-dm-$domid (pid $pid) has"
refused xl/unknown-name "no domain is called 'nosuch'" verify --xl nosuch
refused xl/unknown-number 'this host has no domain 9999' verify --xl 9999
refused xl/host 'domain 0 is the host itself' verify --xl 0
touch "$scratch/bin/xl.hangs"
check xl/hangs/status within 15 verify 3 --xl "$name"
check xl/hangs/says-so says 'xl does not answer within 5 seconds'
rm "$scratch/bin/xl.hangs"
mkdir "$scratch/few"
ln -s "$(command -v timeout)" "$(command -v xenstore-read)" "$scratch/few"
printf '#!/bin/sh\nPATH=%s exec %s "$@"\n' "$scratch/few" "$vgpuctl" >"$scratch/without-xl"
chmod 755 "$scratch/without-xl"
with_xl=$vgpuctl vgpuctl=$scratch/without-xl
refused xl/no-program 'there is no program xl' verify --xl "$name"
check xl/no-program/remedy remedy "give the domain's number"
check xl/no-program/number verify 0 --xl "$domid"
vgpuctl=$with_xl

# libxl writes one pid, and a wrapper the other.
xenstore-rm "$here/qemu-pid"
check xl/pid-of-libxl verify 0 --xl "$domid"
xenstore-write "$here/image/device-model-pid" $$
check xl/pid-of-another/status verify $found --xl "$domid"
check xl/pid-of-another/says-so line problem "the VM's QEMU was started with it" "its QEMU is gone: process $$ is "
check xl/pid-of-another/remedy remedy "/var/log/xen/qemu-dm-$name.log"
xenstore-write "$here/qemu-pid" "$pid"
check xl/pid-of-wrapper verify 0 --xl "$domid"
xenstore-rm "$here/qemu-pid"
xenstore-rm "$here/image/device-model-pid"
check xl/no-pid/status verify $found --xl "$domid"
check xl/no-pid/says-so line problem "the VM's QEMU was started with it" "domain $domid has no QEMU"
check xl/no-pid/verdict says 'only configured'
xenstore-write "$here/qemu-pid" "$pid"

args=$here/platform/device-model-args
xenstore-write -- "$args" '-device vgpu-stub,pool_id=A,priority=high,vm_id=7'
check xl/differs/status verify $found --xl "$domid"
check xl/differs/says-so line problem "the VM's QEMU was started with it" 'is not what xenstore has: pool_id=B instead of A'
xenstore-write -- "$args" '-device vgpu-stub -priv'
check xl/smuggled/status verify $found --xl "$domid"
check xl/smuggled/says-so line problem 'xenstore has the device' "the rules refuse -device vgpu-stub -priv: '-priv' is not allowed"
check xl/smuggled/remedy remedy 'restart the domain'
# Without a key for it, the device stands in the configuration file.
xenstore-write "$args" ''
check xl/empty-key/status verify 0 --xl "$domid"
check xl/empty-key/nothing not says 'xenstore has the device'
xenstore-rm "$args"
check xl/no-key/status verify 0 --xl "$domid"
check xl/no-key/command-line line ok "the VM's QEMU was started with it" "(pid $pid) has -device vgpu-stub,pool_id=B"
check xl/no-key/nothing not says 'xenstore has the device'
xenstore-write -- "$args" '-device vgpu-stub,pool_id=B,priority=high,vm_id=7'
mv "$root/opt/hidden" "$root/opt/xensource"
mv "$root/var/hidden" "$root/var/log"

# A domain without it.
vm_start "$builder"
other=$(domid_of "$builder")
other_name='build (old)' other_pid=$(qemu_pid "$other")
args=/local/domain/$other/platform/device-model-args
check xl/without/status verify $found --xl "$other"
check xl/without/says-so line problem "the VM's QEMU was started with it" "qemu-dm-$other (pid $other_pid) was not"
check xl/without/remedy remedy 'vgpuctl attach --xl FILE, then restart the domain'
check xl/without/bus line problem 'QEMU has it on its PCI bus' 'query-pci has no 1af4:1111'
check xl/without/verdict says "^$other_name ($builder): the VM has no such device"
xenstore-write -- "$args" '-device vgpu-stub'
check xl/not-taken/status verify $found --xl "$other"
check xl/not-taken/says-so line problem "the VM's QEMU was started with it" "xenstore has it, qemu-dm-$other (pid $other_pid) has not"
check xl/not-taken/remedy remedy "a line of .*/var/log/xen/qemu-dm-$other_name.log that begins with vgpu: "
check xl/not-taken/verdict says 'only configured'
xen_log="$root/var/log/xen/qemu-dm-$other_name.log"
mkdir -p "${xen_log%/*}"
{
    echo 'vgpu: of something else'
    printf "vgpu: device-model-args: pool_id is 'C'\033[31m, and can be A, B\n"
    echo 'qemu: it says vgpu: nothing of that'
} >"$xen_log"
check xl/log/status verify $found --xl "$other"
check xl/log/says-so line problem "the VM's QEMU was started with it" \
    "qemu-dm-$other_name.log has the reason: vgpu: device-model-args: pool_id is 'C'\\\\x1b\[31m, and can be A, B$"
check xl/log/remedy remedy 'mend that, then restart the domain'
yes 'qemu: a line of a talkative one' | head -n 3000 >>"$xen_log"
check xl/log/long/status verify $found --xl "$other"
check xl/log/long/says-so not says 'has the reason: vgpu'
rm -r "${xen_log%/*}"
qmp "$other" device_add '{"driver": "vgpu-stub", "id": "vgpu-hotplug", "addr": "1e"}' >/dev/null
check xl/hotplugged/status verify 0 --xl "$other"
check xl/hotplugged/says-so line ok "the VM's QEMU was started with it" 'the device was hot-plugged: the VM cannot migrate'
xenstore-rm "$args"

# libxl calls QEMU by its path. libxl_qemu WORD...: a process that is called so.
libxl_qemu() {
    setpriv --pdeathsig KILL bash -c 'exec -a /usr/lib/xen/bin/qemu-system-i386 sh -c "kill -STOP \$\$" "$@"' - "$@" &
    fake=$!
    until grep -q '^State:.*T' "/proc/$fake/status"; do sleep 0.05; done
    xenstore-write "/local/domain/$other/qemu-pid" "$fake"
}
libxl_qemu_ends() {
    kill -9 "$fake"
    wait "$fake" 2>/dev/null || :
}
libxl_qemu -xen-domid "$other" -S -device vgpu-stub,pool_id=A,addr=1e
check xl/path/status verify 0 --xl "$other"
check xl/path/says-so line ok "the VM's QEMU was started with it" \
    "/usr/lib/xen/bin/qemu-system-i386 (pid $fake) has -device vgpu-stub,pool_id=A,addr=1e"
libxl_qemu_ends
libxl_qemu -xen-domid "$domid" -S -device vgpu-stub,pool_id=A,addr=1e
check xl/path-of-another/status verify $found --xl "$other"
check xl/path-of-another/says-so line problem "the VM's QEMU was started with it" 'its QEMU is gone'
libxl_qemu_ends
libxl_qemu -xen-domid "$other" -device vgpu-stub,addr=1e -device vgpu-stub
check xl/twice/status verify $found --xl "$other"
check xl/twice/says-so line problem "the VM's QEMU was started with it" 'it has it 2 times'
libxl_qemu_ends
libxl_qemu -xen-domid "$other" -device vgpu-stub,colour=red
check xl/by-hand-word/status verify $found --xl "$other"
check xl/by-hand-word/says-so line problem "the VM's QEMU was started with it" "vgpu-stub,colour=red is nothing that vgpuctl sets: .*'colour'"
libxl_qemu_ends
xenstore-write "/local/domain/$other/qemu-pid" "$other_pid"

check xl/wait/unmapped/status within 20 verify 0 --xl "$other_name" --wait 2
check xl/wait/unmapped/bus line unknown 'QEMU has it on its PCI bus' 'its BAR 0 is not mapped yet by the guest'
{
    sleep 2
    guest_maps_bar "$builder" 0xfebf2000
} >"$scratch/starting" 2>&1 &
starting=$!
check xl/wait/mapped/status within 30 verify 0 --xl "$other_name" --wait 60
wait "$starting"
check xl/wait/mapped/bus line ok 'QEMU has it on its PCI bus' 'at 0xfebf2000'
vm_stop "$builder"
refused xl/ended "no domain is called '$other_name'" verify --xl "$other_name"

# ---- What is not as it was ----------------------------------------------------------------

key '-device vgpu-stub,pool_id=A,priority=high,vm_id=7'
check changed/status verify $found "$web"
check changed/says-so line problem 'xenstore has what XAPI has' 'it was changed after the VM.s start: xenstore has .*pool_id=B'
check changed/remedy remedy 'shut the VM down and start it again'
key '-device vgpu-stub,pool_id=B,priority=high,vm_id=7'

xenstore-write -- "/local/domain/$domid/platform/device-model-args" '-device vgpu-stub,pool_id=A,priority=high,vm_id=7'
check differs/status verify $found "$web"
check differs/says-so line problem "the VM's QEMU was started with it" 'is not what xenstore has: pool_id=B instead of A'
xenstore-write -- "/local/domain/$domid/platform/device-model-args" '-device vgpu-stub,pool_id=B,priority=high,vm_id=7'

qmp "$domid" device_add '{"driver": "vgpu-stub", "id": "second", "addr": "1d"}' >/dev/null
check twice/status verify $found "$web"
check twice/says-so line problem 'QEMU has it on its PCI bus' 'query-pci has 2 of it'

kill -STOP "$xenstored_pid"
check xenstore-hangs/status within 15 verify $found "$web"
check xenstore-hangs/says-so line problem "the VM's QEMU was started with it" 'xenstore does not answer within 5 seconds'
kill -CONT "$xenstored_pid"

mv "$root$DAEMON_LOG" "$root$DAEMON_LOG.1"
check rotated/status verify $found "$web"
check rotated/says-so says 'has no such line of this start any more'
mv "$root$DAEMON_LOG.1" "$root$DAEMON_LOG"

kill -9 "$pid"
while [ -d "/proc/$pid" ] && ! grep -q '^State:.*Z' "/proc/$pid/status"; do sleep 0.1; done
check crashed/status verify $found "$web"
check crashed/says-so line problem "the VM's QEMU was started with it" .
check crashed/verdict says 'only configured'
vm_stop "$web" 2>/dev/null || : # xenopsd may have seen it, too

# ---- VMs that started without it -------------------------------------------------------------

xe vm-param-remove uuid="$web" param-name=platform param-key=device-model-args
vm_start "$web"
key '-device vgpu-stub'
check late/status verify $found "$web"
check late/says-so line problem 'xenstore has what XAPI has' 'it was set after the VM.s start'
check late/command-line line problem "the VM's QEMU was started with it" 'xenstore has no key'
qmp "$(domid_of "$web")" device_add '{"driver": "vgpu-stub", "id": "vgpu-hotplug", "addr": "1e"}' >/dev/null
check hotplugged/status verify 0 "$web"
check hotplugged/says-so line ok "the VM's QEMU was started with it" 'the device was hot-plugged: the VM cannot migrate'
check hotplugged/bus line unknown 'QEMU has it on its PCI bus' '00:1e.0'
vm_stop "$web"

key '-device vgpu-stub,pool_id=C'
vm_start "$web"
check refused/status verify $found "$web"
check refused/says-so line problem "the VM's QEMU was started with it" "the log has the reason: vgpu: device-model-args: pool_id is 'C'"
vm_stop "$web"

# A text of everything that xenstore-read escapes.
key '-device vgpu-stub,pool_id="ä\	ö"'
vm_start "$web"
check escaped/status verify $found "$web"
check escaped/xenstore line ok 'xenstore has what XAPI has' 'pool_id="ä'
vm_stop "$web"

key '-device vgpu-stub'
check remove run 0 wrapper remove
toolstack_restart
vm_start "$web"
check no-hook/status verify $found "$web"
check no-hook/says-so line problem "the VM's QEMU was started with it" 'the hook was not there when the VM started'
check no-hook/remedy remedy 'vgpuctl wrapper install'
vm_stop "$web"
# A wrapper that reads the key by itself, but another one.
cp "$root$WRAPPER" "$scratch/wrapper"
key '-device vgpu-stub'
vm_start "$web"
sed 's/device-model-args/device_model_args/g' tests/dom0/wrappers/native.py >"$root$WRAPPER"
wrapper_is_packaged
check other-key/status verify $found "$web"
check other-key/says-so line problem "the VM's QEMU was started with it" \
    'xenstore has device-model-args, .*this host.s wrapper reads device_model_args'
check other-key/remedy remedy 'set platform:device_model_args on the VM'
vm_stop "$web"
cp "$scratch/wrapper" "$root$WRAPPER"
check reinstall run 0 wrapper install
toolstack_restart

# ---- Elsewhere, and not yet -------------------------------------------------------------------

printf 'running\n' >"$root/var/xapi-stand-in/$web/power-state"
printf '77\n' >"$root/var/xapi-stand-in/$web/dom-id"
check elsewhere/status verify $found "$web"
check elsewhere/says-so line problem "the VM's QEMU was started with it" 'this host has no domain 77: the VM runs on another host'
check elsewhere/remedy remedy 'on the host that the VM runs on'
printf 'halted\n' >"$root/var/xapi-stand-in/$web/power-state"

check wait/halted/status within 20 verify $found "$web" --wait 2
check wait/halted/verdict says 'only configured'
{
    sleep 2
    vm_start "$web"
    sleep 2
    guest_maps_bar "$web" 0xfebf1000
} >"$scratch/starting" 2>&1 &
starting=$!
check wait/starting/status verify 0 "$web" --wait 60
wait "$starting"
check wait/starting/mapped line ok 'QEMU has it on its PCI bus' 'at 0xfebf1000'
check wait/starting/power-state not says 'halted'
vm_stop "$web"

finish
