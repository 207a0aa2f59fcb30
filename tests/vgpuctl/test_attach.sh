#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl attach, detach and list on a dom0 in a directory: what they refuse and
# that nothing changes then, what they write, and, with VMs that start, what the
# QEMU of such a VM has in the end. Prints TAP.
# Usage: tests/vgpuctl/test_attach.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2034 # lib.sh and host.sh set and read them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh
. tests/dom0/host.sh

key=device-model-args
third=44444444-0000-4000-8000-000000000000
nobody=99999999-0000-4000-8000-000000000000

set_key() { xe vm-param-set uuid="$1" "platform:$key=$2"; }
get_key() { xe vm-param-get uuid="$1" param-name=platform param-key=$key 2>&1; }
# key_is UUID VALUE
key_is() {
    get_key "$1" >"$scratch/key"
    printf '%s\n' "$2" | diff - "$scratch/key"
}
no_key() { get_key "$1" | grep -q -x 'Error: Key device-model-args not found in map'; }
# These verbs have no business with rpm's database: cheaper than to ask it.
database() { find "$root/var/lib/rpm" -name '*.sqlite' -printf '%p %s %T@\n'; }
# A host with the device and the VMs as they come.
fresh
custom_qemu
cp -a "$root" "$scratch/ready"
ready() {
    rm -rf "$root"
    cp -a "$scratch/ready" "$root"
}

# ---- Who and what is refused ----------------------------------------------------

as_user attach "$web"
check user/attach test "$user_status" = 3
check user/attach-says says 'only root may do this'
as_user detach "$web"
check user/detach test "$user_status" = 3

usage() {
    usage_name=$1 text=$2
    shift 2
    check "usage/$usage_name" run 2 "$@"
    check "usage/$usage_name/text" grep -q -e "^vgpuctl [a-z]*: .*$text" "$log.err"
    check "usage/$usage_name/nothing" nothing_changed
}
remember
usage no-vm 'give a VM, or --xl FILE' attach
usage two-vms "'$builder' is too much" attach "$web" "$builder"
usage pool "pool_id is 'C', and can be A, B" attach --pool C "$web"
usage priority "priority is 'urgent', and can be low, medium, high" attach --priority urgent "$web"
usage vm-id "vm_id is '-1', and is a number from 0 to 4294967295" attach --vm-id=-1 "$web"
usage vm-id-high "vm_id is '4294967296'" attach --vm-id 4294967296 "$web"
usage vm-id-octal "vm_id is '012', and is a number" attach --vm-id 012 "$web"
usage queues "queues is '17', and is a number from 0 to 16" attach --queues 17 "$web"
usage link-alone 'a link without queues serves nothing' attach --link --queues 0 "$web"
usage link-xl 'link is for a VM of XAPI' attach --xl x --link
usage addr "addr is '2', and is a slot from .. to 1f" attach --addr 2 "$web"
usage smuggle 'pool_id has a comma in it' attach --pool A,romfile=/x "$web"
usage xl-now 'now is for a VM of XAPI' attach --xl x --now
usage detach-none 'give one of a VM, --all and --xl FILE' detach
usage detach-both 'give one of a VM, --all and --xl FILE' detach --all "$web"
usage detach-all-now 'now is for one VM of XAPI' detach --all --now
usage list "'x' is too much" list x

refused refused/unknown-uuid "no VM has the uuid or the name '$nobody'" attach "$nobody"
refused refused/unknown-name "no VM has the uuid or the name 'web'" attach web
refused refused/control-domain 'is a control domain, which has no QEMU' \
    attach 11111111-0000-4000-8000-000000000000
vm_new $third 'build (old)'
refused refused/ambiguous "2 VMs have the name 'build (old)': .*$builder, .*$third" \
    attach 'build (old)'
check refused/ambiguous-remedy says 'remedy: give the uuid of the one'
echo true >"$root/var/xapi-stand-in/$third/is-a-template"
refused refused/template 'is a template or a snapshot' attach $third
check refused/unique-again run 0 attach --dry-run 'build (old)'
touch "$root/var/xapi-stand-in/down"
refused refused/no-xapi 'Connection refused (calling connect )' attach "$web"
check refused/no-xapi-list run 1 list
rm "$root/var/xapi-stand-in/down"
mv "$root/opt/xensource/bin/xe" "$root/xe"
for words in "attach $web" "detach $web" 'detach --all'; do
    # shellcheck disable=SC2086 # they are words
    refused "refused/no-xe/$words" 'there is no xe: this is no host of XAPI' $words
    check "refused/no-xe/$words/remedy" \
        says '^  remedy: on plain Xen: vgpuctl attach --xl FILE$'
done
check refused/no-xe/list run 1 list
check refused/no-xe/list/remedy says '^  remedy: on plain Xen: vgpuctl attach --xl FILE$'
mv "$root/xe" "$root/opt/xensource/bin/xe"

restrictions=$(echo "$root"/var/xapi-stand-in/pools/*/restrictions)
for filter in 'platform_filter: true' ''; do
    echo "restrict_lab: false; $filter" >"$restrictions"
    refused "refused/filter-${filter:-unsaid}" 'do not say platform_filter: false' attach "$web"
    check "refused/filter-${filter:-unsaid}/remedy" says 'xcp-featured'
done
ready

# ---- What else stands in the key --------------------------------------------------

# key_refused NAME TEXT VALUE: attach refuses while the key has such a value.
key_refused() {
    set_key "$web" "$3"
    refused "key/$1" "$2" attach "$web"
    check "key/$1/kept" key_is "$web" "$3"
}
key_refused other-device "would start without the device: '-device' 'e1000' is not allowed" \
    '-device e1000'
key_refused privileged "'-priv' is not allowed\|'-priv' '-device'" '-priv'
key_refused quote 'cannot be read: its quotes do not match' "-device 'vgpu-stub"
key_refused twice 'has the device 2 times' '-device vgpu-stub -device vgpu-stub,vm_id=2'
key_refused bad-property "has 'vgpu-stub,pool_id=C': pool_id is 'C'" '-device vgpu-stub,pool_id=C'
# A zero in front makes a number octal for QEMU, which would give the VM number 10.
key_refused octal "has 'vgpu-stub,vm_id=012': vm_id is '012', and is a number" \
    '-device vgpu-stub,vm_id=012'
key_refused slot-taken 'slot 1e is taken' \
    '-device ich9-usb-ehci1,addr=1e -device vgpu-stub,addr=1e'
# The rules let this pass; an older QEMU has no such property.
rpm_q -U --oldpackage "$rpms/before-queues.rpm"
key_refused no-property "refuses: .*vgpu-stub.queues' not found" \
    '-device vgpu-stub,queues=2'

ready
mkdir -p "$root/etc/vgpu"
echo '-device e1000,addr=1c' >"$root/etc/vgpu/allow-args"
set_key "$web" '-device e1000,addr=1c'
check allowed/attach run 0 attach "$web"
check allowed/key key_is "$web" \
    '-device e1000,addr=1c -device vgpu-stub,pool_id=A,priority=medium,vm_id=1,addr=1e'
check allowed/detach run 0 detach "$web"
check allowed/kept key_is "$web" '-device e1000,addr=1c'

# What QEMU the host has.
fresh
refused qemu/stock 'has no line' attach "$web"
check qemu/stock-remedy says 'remedy: vgpuctl install RPM'
rpm_q -U "$rpms/no-property.rpm"
refused qemu/no-property 'lacks vm_id' attach "$web"
cat >"$scratch/no-qtest" <<'END'
#!/bin/sh
# A stand-in for a QEMU without the accelerator of the tests.
case "$*" in
-version) echo 'QEMU emulator version 4.2.1' ;;
'-device help') echo 'name "vgpu-stub", bus PCI' ;;
'-device vgpu-stub,help') printf '  %s\n' 'pool_id=<str>' 'priority=<str>' 'vm_id=<uint32>' ;;
*) echo "qemu: -machine pc,accel=qtest: invalid accelerator qtest" >&2 && exit 1 ;;
esac
END
cp "$scratch/no-qtest" "$root$QEMU"
check qemu/no-qtest run 0 attach "$web"
check qemu/no-qtest-says says 'warning: this QEMU cannot be tried without a VM'
sed -i 's/^\*) .*/*) sleep 60 ;;/' "$root$QEMU"
VGPUCTL_LIMIT_MS=1000
export VGPUCTL_LIMIT_MS
refused qemu/hangs 'does not answer within 1 s' attach "$builder"
unset VGPUCTL_LIMIT_MS

# ---- What is written ------------------------------------------------------------------

ready
check write/attach run 0 attach 'web, staging'
check write/key key_is "$web" '-device vgpu-stub,pool_id=A,priority=medium,vm_id=1,addr=1e'
check write/says says 'xe vm-start uuid='
check write/no-hook says 'warning: .*vgpuctl wrapper install'
remember
check write/again run 0 attach "$web"
check write/again-says says 'has it already so: nothing to do'
check write/again-nothing nothing_changed
check write/change run 0 attach --priority high --addr 1d "$web"
check write/change-keeps key_is "$web" '-device vgpu-stub,pool_id=A,priority=high,vm_id=1,addr=1d'
check write/next-id run 0 attach --pool B "$builder"
check write/next-id-key key_is "$builder" \
    '-device vgpu-stub,pool_id=B,priority=medium,vm_id=2,addr=1e'
refused write/id-taken "vm_id 1 is that of VM $web (web, staging)" attach --vm-id 1 "$builder"
check write/id-remedy says '^  remedy: give another --vm-id, for example --vm-id 2$'
check write/id-kept key_is "$builder" '-device vgpu-stub,pool_id=B,priority=medium,vm_id=2,addr=1e'
check write/detach run 0 detach "$web"
check write/detach-key no_key "$web"
check write/detach-other key_is "$builder" \
    '-device vgpu-stub,pool_id=B,priority=medium,vm_id=2,addr=1e'
remember
check write/detach-again run 0 detach "$web"
check write/detach-again-says says 'does not have the device: nothing to do'
check write/detach-nothing nothing_changed
vm_new $third 'third'
check write/lowest-id run 0 attach $third
check write/lowest-id-key key_is $third '-device vgpu-stub,pool_id=A,priority=medium,vm_id=1,addr=1e'
# Where the slot is another's, the next lower one is free.
set_key "$web" '-device ich9-usb-ehci1,addr=1e'
check write/slot run 0 attach "$web"
check write/slot-key key_is "$web" \
    '-device ich9-usb-ehci1,addr=1e -device vgpu-stub,pool_id=A,priority=medium,vm_id=3,addr=1d'
check write/all run 0 detach --all
check write/all-kept key_is "$web" '-device ich9-usb-ehci1,addr=1e'
check write/all-third no_key $third
check write/all-builder no_key "$builder"
check write/all-again run 0 detach --all
check write/all-again-says says 'no VM has the device: nothing to do'

# Queues, and the link to vgpud, which is the VM's own socket.
ready
plain='-device vgpu-stub,pool_id=A,priority=medium,vm_id=1'
socket="-chardev socket,id=vgpu0,path=/run/vgpu/$web.sock"
check link/queues run 0 attach --queues 2 "$web"
check link/queues-key key_is "$web" "$plain,queues=2,addr=1e"
check link/attach run 0 attach --link "$web"
check link/key key_is "$web" "$socket $plain,queues=2,chardev=vgpu0,addr=1e"
check link/no-socket says "warning: vgpud has no socket for the VM: /run/vgpu/$web.sock is not there"
mkdir -p "$root/run/vgpu"
touch "$root/run/vgpu/$web.sock"
check link/other run 0 attach --priority high "$web"
check link/kept key_is "$web" "$socket ${plain%medium*}high,vm_id=1,queues=2,chardev=vgpu0,addr=1e"
check link/socket sh -c "! grep -q 'no socket for the VM' '$log'"
check link/none run 0 attach --queues 0 --priority medium "$web"
check link/none-key key_is "$web" "$plain,queues=0,addr=1e"
check link/detach run 0 detach "$web"
check link/at-once run 0 attach --link "$web"
check link/default-queues key_is "$web" "$socket $plain,queues=4,chardev=vgpu0,addr=1e"
check link/gone run 0 detach "$web"
check link/gone-key no_key "$web"

# One that nobody can take apart does not keep the others from it.
set_key "$web" "-device 'vgpu-stub"
check all/attach run 0 attach "$builder"
check all/incomplete run 4 detach --all
check all/says says "of web, staging ($web) cannot be read"
check all/done no_key "$builder"

# A clone has the key, and so the number, of the VM that it was made from. What
# names a free one must be true: a second attach keeps the number that is there.
ready
vm_new $third 'web, staging (clone)'
set_key "$web" '-device vgpu-stub,vm_id=1,addr=1e'
set_key "$builder" '-device vgpu-stub,vm_id=2,addr=1e'
set_key $third '-device vgpu-stub,vm_id=1,addr=1e'
refused clone/refused "vm_id 1 is that of VM $web (web, staging)" attach $third
check clone/remedy says '^  remedy: give another --vm-id, for example --vm-id 3$'
check clone/mended run 0 attach --vm-id 3 $third
check clone/key key_is $third '-device vgpu-stub,pool_id=A,priority=medium,vm_id=3,addr=1e'

# The memory of a suspended VM is its guest's: nothing advises to throw it away.
echo suspended >"$root/var/xapi-stand-in/$builder/power-state"
check suspended/attach run 0 attach --priority high "$builder"
check suspended/says says "the VM is suspended and needs a restart to have it: resume it (xe vm-resume uuid=$builder) and shut it down in the guest, then xe vm-start uuid=$builder; vm-shutdown force=true would discard its memory"
check suspended/detach run 0 detach "$builder"
check suspended/detach-says says "the VM is suspended and has the device until it is restarted: resume it (xe vm-resume uuid=$builder) and shut it down in the guest"
echo paused >"$root/var/xapi-stand-in/$builder/power-state"
check paused/attach run 0 attach "$builder"
check paused/says says "needs a restart to have it: xe vm-unpause uuid=$builder, then xe vm-reboot uuid=$builder"

# ---- A wrapper that reads the other spelling ----------------------------------------------

other=device_model_args
set_other() { xe vm-param-set uuid="$1" "platform:$other=$2"; }
other_is() {
    xe vm-param-get uuid="$1" param-name=platform param-key=$other 2>&1 | diff - "$scratch/wanted"
}
ready
set_other "$builder" '-device vgpu-stub,vm_id=7'
check other/list run 0 list
check other/not-read says "^$builder  halted     -     -         -           -     build (old): by platform:device_model_args, which this host's wrapper does not read\$"
wrapper_is native
wrapper_is_packaged
set_other "$web" "-s -device 'ich9-usb-ehci1',addr=1e"
refused other/attach "this host's wrapper reads platform:device_model_args by itself and not platform:device-model-args" \
    attach "$web"
check other/command says "^  remedy: xe vm-param-set uuid=$web platform:device_model_args='-s -device ich9-usb-ehci1,addr=1e -device vgpu-stub,pool_id=A,priority=medium,vm_id=1,addr=1e'; such a wrapper has no allow-list: whoever may set a VM's keys may give its QEMU any argument\$"
check other/no-key no_key "$web"
refused other/id-taken "vm_id 7 is that of VM $builder (build (old))" attach --vm-id 7 "$web"
# What the remedy says, done as it says it: then there is nothing left to do.
set_other "$web" '-device ich9-usb-ehci1,addr=1e'
run 3 attach "$web" || :
sed -n "s/^  remedy: xe \(.*=\)'\(.*\)'; such a .*/\1\2/p" "$log.err" >"$scratch/command"
check other/free-slot grep -q 'vm_id=1,addr=1d$' "$scratch/command"
set_other "$web" "$(sed 's/.*platform:device_model_args=//' "$scratch/command")"
check other/done run 0 attach "$web"
check other/done-says says 'has it already so, in platform:device_model_args: nothing to do'
# The key that nobody reads there can always be taken away.
set_key "$builder" '-device vgpu-stub,vm_id=9'
check other/listed run 0 list
check other/listed-key says "^$builder  .*: by platform:device-model-args, which this host's wrapper does not read\$"
check other/listed-other says "^$builder  halted     A     medium    7           -     build (old): by platform:device_model_args, without an allow-list\$"
check other/listed-web says "^$web  halted     A     medium    1           1d    web, staging: by platform:device_model_args, without an allow-list\$"
refused other/detach "this host's wrapper reads platform:device_model_args .* web, staging ($web) has the device there" \
    detach "$web"
check other/detach-command says "^  remedy: xe vm-param-set uuid=$web platform:device_model_args='-device ich9-usb-ehci1,addr=1e'; such a wrapper has no allow-list"
check other/detach-all run 4 detach --all
check other/detach-all-key no_key "$builder"
check other/detach-all-command says "^  remedy: xe vm-param-remove uuid=$builder param-name=platform param-key=device_model_args; such"
remember
check other/detach-all-again run 3 detach --all
check other/detach-all-nothing nothing_changed

# One that reads the key itself: all as with the shim.
ready
wrapper_is native
sed -i 's/device_model_args/device-model-args/' "$root$WRAPPER"
wrapper_is_packaged
check native/attach run 0 attach "$web"
check native/key key_is "$web" '-device vgpu-stub,pool_id=A,priority=medium,vm_id=1,addr=1e'
check native/list run 0 list
check native/listed says "^$web  halted     A     medium    1           1e    web, staging\$"

# As the guides have it set by hand.
ready
set_key "$web" '-device vgpu-stub,pool_id=A,priority=medium,vm_id=100'
check by-hand/list run 0 list
check by-hand/listed says "^$web  halted     A     medium    100         1e    web, staging\$"
check by-hand/attach run 0 attach --priority low "$web"
check by-hand/kept key_is "$web" '-device vgpu-stub,pool_id=A,priority=low,vm_id=100,addr=1e'
set_key "$web" ''
check by-hand/cleared run 0 list
check by-hand/cleared-says says 'no VM has platform:device-model-args'

# A dry run prints what a run does, and does nothing.
same_changes() {
    remember
    run 0 "$@" --dry-run
    nothing_changed || return 1
    sed -n 's/^would //p' "$log" >"$scratch/would"
    run 0 "$@"
    sed -n 's/^  \([a-z]* *\)/\1/p' "$log" >"$scratch/did"
    [ -s "$scratch/did" ] && diff "$scratch/would" "$scratch/did"
}
ready
check dry-run/attach same_changes attach "$web"
check dry-run/change same_changes attach --vm-id 7 "$web"
check dry-run/detach same_changes detach "$web"

# What was set is read back.
ready
ln -s /dev/null "$root/var/xapi-stand-in/$web/platform/$key"
check read-back/status run 1 attach "$web"
check read-back/says says 'the key does not read back as it was set'

check json/attach run 0 attach --json "$builder"
sed -n '2,$p' "$log" >"$scratch/json"
check json/values python3 -c 'import json, sys
report = json.load(open(sys.argv[1]))
assert report["exit_code"] == 0, report
assert report["values"]["device-model-args"].startswith("-device vgpu-stub,"), report["values"]
assert len(report["changes"]) == 1 and report["changes"][0]["kind"] == "run"' "$scratch/json"

# ---- Names that lie -----------------------------------------------------------------------

# A VM whose name looks like another VM's record in a list.
ready
vm_new $third "$(printf 'x\n\n\nuuid ( RO)             : %s\n         name-label ( RW): hers' \
    $nobody)"
check name/unknown run 3 attach hers
check name/attach run 0 attach $third
check name/other run 0 attach "$builder"
check name/list run 0 list
check name/listed says "^$third .* 1           1e    x.x0a.x0a.x0auuid"
check name/other-listed says "^$builder .* 2           1e    build (old)\$"
check name/lines test "$(grep -c -e '-0000-4000-8000-' "$log")" = 2

# ---- list ------------------------------------------------------------------------------------

ready
vm_new $third third
set_key "$web" '-device vgpu-stub,vm_id=5,addr=1e'
set_key "$builder" '-device vgpu-stub,vm_id=5,pool_id=B'
set_key $third '-priv -device vgpu-stub,vm_id=6'
fourth=55555555-0000-4000-8000-000000000000
vm_new $fourth octal
set_key $fourth '-device vgpu-stub,vm_id=012'
remember
check list/status run 0 list
check list/head says '^UUID  *STATE  *POOL  *PRIORITY  *VM_ID  *SLOT  *NAME$'
check list/twice says "^$web  halted     A     medium    5           1e    web, staging: vm_id 5 is also that of build (old) ($builder)\$"
check list/twice-too says "^$builder  halted     B     medium    5           1e    build (old): vm_id 5 is also"
# Such a VM has no device, and so none of its properties.
check list/refused says "^$third  halted     -     -         -           -     third: refused, the VM starts without the device: "
check list/octal says "^$fourth  halted     -     -         -           -     octal: refused, the VM starts without the device: .*'012'.* without a zero in front"
check list/nothing nothing_changed
check list/json run 0 list --json
sed -n '2,$p' "$log" >"$scratch/json"
check list/json-is-one python3 -c 'import json, sys
report = json.load(open(sys.argv[1]))
assert sys.argv[2] in [vm["uuid"] for vm in report["values"]["vms"]], report' "$scratch/json" "$web"

# ---- A file of xl -------------------------------------------------------------------------------

xl=$scratch/guest.cfg
xl_file() { printf 'name = "guest"\ntype = "hvm"\n%s' "$1" >"$xl"; }
xl_is() { printf 'name = "guest"\ntype = "hvm"\n%s' "$1" | diff - "$xl"; }
made='device_model_args_hvm = ["-device", "vgpu-stub,pool_id=A,priority=medium,addr=1e"]'
xl_file ''
chmod 640 "$xl"
check xl/dry-run run 0 attach --xl "$xl" --dry-run
check xl/dry-run-nothing xl_is ''
check xl/attach run 0 attach --xl "$xl"
check xl/file xl_is "$made
"
check xl/mode test "$(stat -c %a "$xl")" = 640
check xl/again run 0 attach --xl "$xl"
check xl/again-says says 'has it already so: nothing to do'
check xl/change run 0 attach --xl "$xl" --vm-id 9
check xl/changed grep -q 'vm_id=9,addr=1e"]$' "$xl"
check xl/detach run 0 detach --xl "$xl"
check xl/detached xl_is ''
check xl/detach-again run 0 detach --xl "$xl"
check xl/no-backup test "$(ls "$scratch"/guest.cfg*)" = "$xl"
ln -s guest.cfg "$scratch/link.cfg"
check xl/link run 0 attach --xl "$scratch/link.cfg"
check xl/still-a-link test -L "$scratch/link.cfg"
check xl/through-link xl_is "$made
"
rm "$scratch/link.cfg"
# xl_refused NAME TEXT FILE-TEXT
xl_refused() {
    xl_file "$3"
    refused "xl/$1" "$2" attach --xl "$xl"
    check "xl/$1/kept" xl_is "$3"
}
xl_refused twice 'line 4: device_model_args_hvm is set in more than one place' \
    "device_model_args_hvm = ['-s']
device_model_args_hvm += ['-S']
"
xl_refused python 'line 3: it is no' 'import os
'
xl_refused slot 'slot 1e is that of e1000,addr=1e' \
    "device_model_args_hvm = ['-device', 'e1000,addr=1e']
"
xl_refused stock 'has no line' "device_model_override = '$dom0/root$QEMU'
"
refused xl/none 'cannot read' attach --xl "$scratch/none.cfg"
xl_file "device_model_override = '$root$QEMU'
"
check xl/override run 0 attach --xl "$xl"
for type in pv pvh; do
    printf 'type = "%s"\n' $type >"$xl"
    refused "xl/$type" "has type = \"$type\": only an hvm guest has a QEMU with PCI" \
        attach --xl "$xl"
    check "xl/$type/kept" test "$(cat "$xl")" = "type = \"$type\""
done
# The type may come from the command line of xl create.
printf 'name = "guest"\n' >"$xl"
check xl/no-type run 0 attach --xl "$xl"
check xl/no-type-says says 'warning: .*has no type = "hvm"'

# ---- VMs that start --------------------------------------------------------------------------------

ready
"$vgpuctl" wrapper install --root "$root" >"$log" 2>&1 || :
toolstack_start
"$root/opt/xensource/bin/xe-toolstack-restart" >>"$log" 2>&1 || :

# properties DOMID: pool_id, priority and vm_id that QEMU's device has, its slot,
# and how many there are.
# One connection for all: it is asked often.
properties() {
    python3 - "$root/var/run/xen/qmp-libxl-$1" <<'PYTHON'
import json, socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.settimeout(10)
connection.connect(sys.argv[1])
stream = connection.makefile('rw')
stream.readline()

def ask(command, **arguments):
    stream.write(json.dumps({'execute': command, 'arguments': arguments}))
    stream.flush()
    answer = {'event': None}
    while 'event' in answer:
        answer = json.loads(stream.readline())
    return answer['return']

ask('qmp_capabilities')
anonymous = '/machine/peripheral-anon'
paths = [anonymous + '/' + child['name'] for child in ask('qom-list', path=anonymous)
         if child['type'] == 'child<vgpu-stub>'] or ['/machine/peripheral/vgpu-hotplug']
found = [device for bus in ask('query-pci') for device in bus['devices']
         if (device['id']['vendor'], device['id']['device']) == (0x1af4, 0x1111)]
print(*[ask('qom-get', path=paths[0], property=name) for name in ('pool_id', 'priority', 'vm_id')],
      *['%02x' % device['slot'] for device in found], len(found))
PYTHON
}
has() { [ "$(properties "$(domid_of "$1")")" = "$2" ] || { properties "$(domid_of "$1")"; return 1; }; }

id=10
for pool in A B; do
    for priority in low medium high; do
        id=$((id + 1))
        check "matrix/$pool-$priority/attach" run 0 attach --pool $pool --priority $priority \
            --vm-id $id "$web"
        check "matrix/$pool-$priority/start" vm_start "$web"
        check "matrix/$pool-$priority/qemu" has "$web" "$pool $priority $id 1e 1"
        vm_stop "$web"
    done
done
# Empty is the default, and so is nothing.
for value in 'vgpu-stub,pool_id=,priority=,vm_id=4294967295' vgpu-stub; do
    set_key "$web" "-device $value"
    check "matrix/$value/start" vm_start "$web"
    id=0
    [ "$value" = vgpu-stub ] || id=4294967295
    check "matrix/$value/qemu" has "$web" "A medium $id 1e 1"
    vm_stop "$web"
done
# What no QEMU would start with, set by hand: listed as such, and the VM starts. All
# of them go the same way: one that is a text and one that is a number do.
for value in priority=urgent vm_id=x pool_id=C vm_id=-1; do
    set_key "$web" "-device vgpu-stub,$value"
    check "matrix/bad-$value/list" run 0 list
    check "matrix/bad-$value/listed" says ': refused, the VM starts without the device: '
    case $value in priority=urgent | vm_id=x) continue ;; esac
    check "matrix/bad-$value/start" vm_start "$web"
    qmp "$(domid_of "$web")" query-pci >"$scratch/pci"
    check "matrix/bad-$value/without" sh -c "! grep -q '\"device\": 4369' $scratch/pci"
    vm_stop "$web"
done

# ---- A VM that runs ---------------------------------------------------------------------------------

xe vm-param-remove uuid="$web" param-name=platform param-key=$key
vm_start "$web"
check running/attach run 0 attach "$web"
check running/says says "the VM is running and needs a restart to have it: xe vm-reboot uuid=$web"
check running/list run 0 list
check running/listed says "^$web  running  .*: set, but this running VM was started without it\$"
# QEMU opens a link at its start only; the device alone can come later.
check now/link run 4 attach --now --link "$web"
check now/link-says says 'cannot hot-plug the device: QEMU opens its link when the VM starts, and only then'
check now/link-key sh -c "grep -q chardev=vgpu0 '$root/var/xapi-stand-in/$web/platform/$key'"
check now/unlinked run 0 attach --queues 0 "$web"
remember
check now/dry-run run 0 attach --now --dry-run "$web"
check now/dry-run-says says 'would run    QMP device_add vgpu-stub,pool_id=A'
check now/dry-run-nothing nothing_changed
check now/attach run 0 attach --now "$web"
check now/says says 'hot-plugged: query-pci shows 1af4:1111 at 00:1e.0'
check now/warns says 'warning: .*cannot be migrated or suspended until it has been restarted'
check now/qemu has "$web" 'A medium 1 1e 1'
check now/again run 0 attach --now "$web"
check now/again-says says 'has the device already, at 00:1e.0'
check now/list run 0 list
check now/listed says "^$web  running  .*: hot-plugged: cannot be migrated"
VGPUCTL_LIMIT_MS=1000
export VGPUCTL_LIMIT_MS
check now/detach run 4 detach --now "$web"
unset VGPUCTL_LIMIT_MS
check now/detach-says says 'the guest has been asked and has not given it up'
check now/detach-key no_key "$web"

# hmp DOMID COMMAND: what QEMU's own monitor answers.
hmp() { qmp "$1" human-monitor-command "{\"command-line\": \"$2\"}" 2>/dev/null || :; }
# A guest that looks after its PCI bus: it reads which slot it is asked to give up
# and writes which one it gives up, to two registers of the chipset.
eject() {
    domid=$(domid_of "$web")
    until [ -e "$scratch/ejected" ]; do
        case $(hmp "$domid" 'i /4 0xae04') in
        *0x40000000*) hmp "$domid" 'o /4 0xae08 0x40000000' >/dev/null ;;
        esac
        sleep 0.1
    done
}
xe vm-reboot uuid="$web"
check eject/attach run 0 attach --now "$web"
eject &
ejector=$!
check eject/detach run 0 detach --now "$web"
: >"$scratch/ejected"
wait $ejector
check eject/says says 'hot-unplugged: query-pci no longer shows 1af4:1111'
check eject/again run 0 detach --now "$web"
check eject/again-says says 'the running VM does not have the device: nothing to hot-unplug'

check started/attach run 0 attach "$web"
xe vm-reboot uuid="$web"
check started/qemu has "$web" 'A medium 1 1e 1'
check started/list run 0 list
check started/listed says "^$web  running    A     medium    1           1e    web, staging\$"
check started/now run 0 attach --now "$web"
check started/detach run 4 detach --now "$web"
check started/detach-says says 'the VM was started with it'
check started/detach-remedy says "remedy: .*xe vm-reboot uuid=$web"
vm_stop "$web"

# One that was started before the QEMU with the device was installed.
fresh
toolstack_start
vm_start "$web"
custom_qemu
check old/attach run 4 attach --now "$web"
check old/says says "the VM's QEMU was started before the one that is installed now"
check old/key key_is "$web" '-device vgpu-stub,pool_id=A,priority=medium,vm_id=1,addr=1e'
check halted/now run 0 attach --now "$builder"
check halted/says says "from its next start on: xe vm-start uuid=$builder"

finish
