#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl doctor: each check of VMs and of a pool is shown what it must find, on a
# dom0 in a directory whose xenstore and QEMUs are real. Prints TAP.
# Usage: tests/vgpuctl/test_doctor_vms.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2034 # lib.sh and host.sh set and read them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh
. tests/dom0/host.sh

found=5
line() { grep -q -e "^$1 *$2.*: .*$3" "$log"; }
remedy() { grep -q -e "^ *remedy: .*$1" "$log"; }
is() { [ "$1" = "$2" ]; }
not() { ! "$@"; }
host() { run "$1" doctor --host; }
key() { xe vm-param-set uuid="$1" platform:device-model-args="$2"; }
no_key() { xe vm-param-remove uuid="$1" param-name=platform param-key=device-model-args; }
toolstack_restart() { "$root/opt/xensource/bin/xe-toolstack-restart" >/dev/null; }

fresh
check install run 0 install --stock-rpm "$rpms/stock.rpm" "$rpms/new.rpm"
check wrapper run 0 wrapper install
cp -a "$root" "$scratch/good"
# again: no VM runs, and all is well.
again() {
    toolstack_stop
    rm -rf "$root"
    cp -a "$scratch/good" "$root"
    toolstack_start
}

# ---- The keys ------------------------------------------------------------------------

again
check none/status host 0
check none/says-so line unknown 'VMs ask for the device' 'none has a device-model-args'

key "$web" '-device vgpu-stub,vm_id=7'
key "$builder" '-device vgpu-stub,vm_id=8'
check good/status host 0
check good/keys line ok 'VMs ask for the device' 'build (old) (halted), web, staging (halted)'
check good/rules line ok "each VM's key is one that the rules take" '2 of 2'
check good/ids line ok 'each VM id is used once' '2 numbers'
check good/slots line ok "no VM's slot is left to QEMU" 'the shim gives it 1e'
check good/running line unknown 'a VM that asks for the device runs here' 'none does now'

key "$builder" '-device vgpu-stub,vm_id=7'
check twice/status host $found
check twice/says-so line problem 'each VM id is used once' '7 is that of build (old) and of web, staging'
check twice/remedy remedy 'a clone keeps the number'

key "$builder" '-device vgpu-stub -priv -monitor tcp:0.0.0.0:4444,server'
check smuggled/status host $found
check smuggled/says-so line problem 'no VM asks for more than the device' \
    "build (old) ($builder) asks for -device vgpu-stub -priv -monitor"
check smuggled/remedy remedy "ask who set it; xe vm-param-remove uuid=$builder param-name=platform param-key=device-model-args, then vgpuctl attach $builder"
# The remedy is one: detach would keep the word, and attach refuse it.
check smuggled/remove no_key "$builder"
check smuggled/attach run 0 attach "$builder"
check smuggled/mended host 0
key "$builder" '-device vgpu-stub -priv -monitor tcp:0.0.0.0:4444,server'
check smuggled/again host $found
check smuggled/refused line problem "each VM's key is one that the rules take" "'-priv' .*is not allowed"

key "$builder" '-device vgpu-stub,pool_id=C'
check refused/status host $found
check refused/says-so line problem "each VM's key is one that the rules take" "build (old) starts without the device: .*pool_id is 'C'"
check refused/no-smuggling line ok 'no VM asks for more than the device' '2 VMs'

key "$builder" '"-device vgpu-stub\,vm_id=8"'
check minimal/status host $found
check minimal/remedy remedy 'xe --minimal, which escapes commas'

key "$builder" '-device vgpu-stub,vm_id=8'
xe vm-param-set uuid="$builder" platform:device_model_args='-device vgpu-stub'
check spellings/status host $found
check spellings/says-so line problem 'no VM has the key in both spellings' 'build (old) has device_model_args, too'
check spellings/remedy remedy "xe vm-param-remove uuid=$builder param-name=platform param-key=device_model_args"

# The other spelling alone: nothing reads it, or a wrapper that has no rules.
no_key "$builder"
check other/status host 0
check other/says-so line unknown 'VMs with device_model_args alone get theirs' 'build (old): nothing on this host reads it'
xe vm-param-set uuid="$builder" platform:device_model_args='-device vgpu-stub -priv'
check other/tried/status host $found
check other/tried/says-so line problem 'no VM asks for more than the device' 'build (old) .* asks by device_model_args for -device vgpu-stub -priv: '
check other/remove run 0 wrapper remove
sed 's/device-model-args/device_model_args/g' tests/dom0/wrappers/native.py >"$root$WRAPPER"
wrapper_is_packaged
check other/native/status host $found
check other/native/says-so line problem 'no VM asks for more than the device' '-device vgpu-stub -priv, and the wrapper hands on all of it'
check other/native/remedy remedy "xe vm-param-remove uuid=$builder .*param-key=device_model_args"
xe vm-param-set uuid="$builder" platform:device_model_args='-device vgpu-stub -device e1000'
check other/native/any-word host $found
check other/native/any-word/says-so line problem 'no VM asks for more than the device' '-device e1000'
xe vm-param-set uuid="$builder" platform:device_model_args='-device vgpu-stub'
host $found || : # of the package, whose wrapper this is not
check other/native/good line ok 'VMs with device_model_args alone get theirs' 'build (old): this host.s wrapper reads it'
check other/native/no-finding line ok 'no VM asks for more than the device' .

# ---- The host's QEMU ------------------------------------------------------------------

again
key "$web" '-device vgpu-stub'
rpm_q -U "$rpms/update.rpm"
check updated/status host $found
check updated/record line problem 'the installed QEMU package is vgpuctl' 'an update has replaced'
check updated/vms line problem "the host's QEMU has what its VMs ask for" '1 VM asks for it: they start without it'
printf 'suspended\n' >"$root/var/xapi-stand-in/$web/power-state"
check suspended/status host $found
check suspended/says-so line problem "the host's QEMU has what its VMs ask for" 'web, staging is suspended and cannot be resumed here'

again
key "$web" '-device vgpu-stub'
check by-hand/remove run 0 wrapper remove
wrapper_is by-hand
check by-hand/status host $found
check by-hand/slot line problem "no VM's slot is left to QEMU" 'web, staging asks for none'
rpm_q -U "$rpms/update.rpm"
check by-hand/updated host $found
check by-hand/hangs line problem "the host's QEMU has what its VMs ask for" 'a start hangs for 300 seconds'

# ---- Running VMs -----------------------------------------------------------------------

again
key "$web" '-device vgpu-stub,vm_id=7'
key "$builder" '-device vgpu-stub,vm_id=8'
vm_start "$web"
vm_start "$builder"
check running/status host 0
check running/domains line ok 'a VM that asks for the device runs here' \
    "build (old) (domain $(domid_of "$builder")), web, staging (domain $(domid_of "$web"))"
check running/started line ok 'the QEMUs of such VMs were started with it' '2 of 2'
check running/logged line ok 'daemon.log has the words' 'for each of the 2'
check running/sandbox line ok 'their QEMUs are in their sandbox' '2 of 2'
check running/unmapped line unknown 'the guests have mapped the device' '0 of 2'
check checklist/status run $found doctor --checklist --topdir "$scratch/none"
# It was built elsewhere, and there is no guest in the VM.
boxes() { sed -n 's/^\[\([ x?]\)\] .*/\1/p' "$log" | tr -d '\n'; }
check checklist/boxes is "$(boxes)" '?????xxxxxxxxxxxxxx '
for vm in "$web" "$builder"; do
    for write in '0xcf8 0x8000f010' '0xcfc 0xfebf1000' '0xcf8 0x8000f004' '0xcfc 2'; do
        qmp "$(domid_of "$vm")" human-monitor-command "{\"command-line\": \"o /w $write\"}" >/dev/null
    done
done
check mapped/status host 0
check mapped/says-so line ok 'the guests have mapped the device' '2 of 2'
check mapped/migrates line ok 'each VM that runs can migrate with its device' 'none of 2'
check production/status run 0 doctor --host --production
check production/several line ok 'several VMs run with the device at once' '2 do, by their command lines: build (old), web, staging'
check production/restarts line ok 'VMs were restarted with the device' 'has 2 starts'
pid=$(qemu_pid "$(domid_of "$web")")
rss=$(($(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status") / 1024))
# It may have touched a page since.
check production/memory line ok 'what the QEMUs with the device take is known' "web, staging (pid $pid): \($rss\|$((rss - 1))\) MiB"
check mapped/checklist run 0 doctor --checklist --topdir "$scratch/none"
check mapped/boxes is "$(boxes)" '?????xxxxxxxxxxxxxxx'

key "$web" '-device vgpu-stub,vm_id=9'
check changed/status host $found
check changed/says-so line problem 'running VMs have the key as it is now' 'that of web, staging was changed'
key "$web" '-device vgpu-stub,vm_id=7'

check newer run 0 install --with-running-vms "$rpms/newer.rpm"
check replaced/status host $found
check replaced/says-so line problem 'running VMs have the QEMU that is installed' 'web, staging (pid [0-9]*) still runs one that has been replaced'
check replaced/remedy remedy 'shut the VM down and start it again'

again
vm_start "$web"
key "$web" '-device vgpu-stub'
check late/status host $found
check late/says-so line problem 'the QEMUs of such VMs were started with it' 'the key was set after its start'
qmp "$(domid_of "$web")" device_add '{"driver": "vgpu-stub", "id": "vgpu-hotplug", "addr": "1e"}' >/dev/null
check hotplugged/status host $found
check hotplugged/says-so line problem 'each VM that runs can migrate with its device' 'web, staging was hot-plugged: the VM cannot migrate until'
check hotplugged/remedy remedy "xe vm-reboot uuid=$web"
no_key "$web"
check hotplugged/no-key/status host $found
check hotplugged/no-key/says-so line problem 'each VM that runs can migrate with its device' 'web, staging'
vm_stop "$web"
key "$web" '-device vgpu-stub,priority=urgent'
vm_start "$web"
check reason/status host $found
check reason/says-so line problem 'the QEMUs of such VMs were started with it' "web, staging (qemu-dm-.*) runs without it: vgpu: device-model-args: priority is 'urgent'"

printf 'running\n' >"$root/var/xapi-stand-in/$builder/power-state"
printf '77\n' >"$root/var/xapi-stand-in/$builder/dom-id"
key "$builder" '-device vgpu-stub'
no_key "$web"
check unseen/status host $found
check unseen/says-so line problem 'the QEMU of each VM can be seen' 'build (old): this host has no domain 77'
printf 'aaaaaaaa-0000-4000-8000-000000000002\n' >"$root/var/xapi-stand-in/$builder/resident-on"
check elsewhere/status host 0
check elsewhere/says-so line unknown 'a VM that asks for the device runs here' 'none does now'

# A wrapper that was patched by hand hands -priv on.
again
check priv/remove run 0 wrapper remove
wrapper_is by-hand
toolstack_restart
key "$web" '-device vgpu-stub,addr=1e'
vm_start "$web"
vm_exec=$root/var/log/daemon.log
check priv/before host $found
check priv/none line ok 'their QEMUs are in their sandbox' '1 of 1'
# As the stock wrapper's own parser leaves it.
sed -i 's/ -chroot [^ ]*//; s/ -run-with [^ ]*//' "$vm_exec"
check priv/status host $found
check priv/says-so line problem 'their QEMUs are in their sandbox' 'web, staging (pid [0-9]*) has no chroot'

# ---- A pool -----------------------------------------------------------------------------

again
mkdir -p "$scratch/bin"
cat >"$scratch/bin/ssh" <<'END'
#!/bin/sh
# A stand-in for ssh: checks that it is asked safely, and runs vgpuctl on another dom0
# in a directory, or says what $OTHER.says has and exits as $OTHER.exits.
# SPDX-License-Identifier: MIT
words=" $* "
for wanted in BatchMode=yes PasswordAuthentication=no StrictHostKeyChecking=yes \
    ConnectTimeout=10 ClearAllForwardings=yes; do
    case $words in *" -o $wanted "*) ;; *) echo "stand-in: no -o $wanted"; exit 64 ;; esac
done
while [ "$1" != -- ]; do shift; done
[ "$2" = root@192.0.2.2 ] || { echo "stand-in: not $2"; exit 64; }
[ ! -e "$OTHER.says" ] || { cat "$OTHER.says"; exit "$(cat "$OTHER.exits")"; }
[ "$3" = 'vgpuctl doctor --host --json' ] || { echo "stand-in: not $3"; exit 64; }
exec "$VGPUCTL" doctor --root "$OTHER" --host --json
END
chmod 755 "$scratch/bin/ssh"
PATH=$scratch/bin:$PATH OTHER=$scratch/other VGPUCTL=$vgpuctl
export OTHER VGPUCTL
second=aaaaaaaa-0000-4000-8000-000000000002
at=$root/var/xapi-stand-in/hosts/$second
mkdir -p "$at"
echo $second >"$at/uuid"
echo 'xcp two' >"$at/name-label"
echo xcp2 >"$at/hostname"
echo 192.0.2.2 >"$at/address"
echo true >"$at/enabled"
cp -a "$scratch/good" "$OTHER"
pool() { run "$1" doctor --pool; }

check pool/good/status pool 0
check pool/good/local line ok 'xcp1: QEMU runs and says its version' '[0-9]'
check pool/good/other line ok 'xcp two: QEMU runs and says its version' '[0-9]'
check pool/good/asked line ok 'xcp two: it can be asked' 'root@192.0.2.2'
check pool/good/package line ok 'all hosts have the same QEMU' '2 hosts: qemu-2:4.2.1-5.2.15.2.0.vgpu.1'
check pool/good/version line ok 'all hosts have the same vgpuctl' '2 hosts'
check pool/production/status run 0 doctor --host --production
check pool/production/says-so line unknown 'VMs can migrate' '2 hosts: vgpuctl doctor --pool'

rm -rf "$OTHER"
cp -a "$dom0/root" "$OTHER"
check pool/stock/status pool $found
check pool/stock/finding line problem 'xcp two: -device help has name' 'has no line'
check pool/stock/package line problem 'all hosts have the same QEMU' \
    'xcp1 has qemu-2:4.2.1-5.2.15.2.0.vgpu.1.*; xcp two has qemu-2:4.2.1-5.2.15.2.xcpng8.3.x86_64 without the device'
check pool/stock/remedy remedy 'one that migrates there fails'

# says STATUS TEXT: what the other host's ssh does.
other_says() {
    echo "$1" >"$OTHER.exits"
    printf '%s\n' "$2" >"$OTHER.says"
}
other_says 255 'ssh: connect to host 192.0.2.2 port 22: No route to host'
check pool/down/status pool $found
check pool/down/says-so line problem 'xcp two: it can be asked' 'No route to host'
check pool/down/remedy remedy 'check the address'
check pool/down/package line unknown 'all hosts have the same QEMU' '1 of 2 hosts could be asked'
other_says 127 'bash: vgpuctl: command not found'
check pool/no-vgpuctl/status pool $found
check pool/no-vgpuctl/says-so line problem 'xcp two: it can be asked' 'root@192.0.2.2 has no vgpuctl'
other_says 0 '{"verb": "doctor", "checks": 5}'
check pool/nonsense/status pool $found
check pool/nonsense/says-so line problem 'xcp two: it can be asked' 'no report of vgpuctl doctor'
other_says 0 '{"verb": "doctor", "checks": [{"title": "\u001b[2J", "outcome": "ok", "detail": "d"}], "values": {"vgpuctl": "0.1"}}'
check pool/older/status pool $found
check pool/older/harmless says 'xcp two: \\x1b\[2J: d'
check pool/older/version line problem 'all hosts have the same vgpuctl' 'xcp two has 0.1'
echo '-oProxyCommand=touch /tmp/x' >"$at/address"
check pool/address/status pool $found
check pool/address/says-so line problem 'xcp two: it can be asked' 'no host.s name has'
touch "$root/var/xapi-stand-in/down"
check pool/xapi-down/status pool $found
check pool/xapi-down/says-so line problem "the pool's hosts are known" 'Connection refused'

rm -rf "$scratch/good" "$OTHER"
finish
