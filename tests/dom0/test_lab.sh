#!/bin/sh
# SPDX-License-Identifier: MIT
# The lab itself: that the stand-ins behave as docs and sources say of the real
# ones, and that what is said to be real is. Prints TAP.
# Usage: tests/dom0/test_lab.sh DIRECTORY BUILD
# shellcheck disable=SC2154 # tests/dom0/lib.sh and host.sh set them
# shellcheck disable=SC2016,SC2100 # shims in quotes; a key with a hyphen
set -u
scratch=$1 build=$2 vgpuctl=$2
. tests/dom0/lib.sh
. tests/dom0/host.sh

key=device-model-args
device=vgpu-stub,pool_id=A,priority=medium,vm_id=100

: >"$log"
fresh
custom_qemu
toolstack_start

# answers STATUS STDOUT STDERR WORD...: xe with these words does just that.
answers() {
    expected=$1 out=$2 err=$3 status=0
    shift 3
    : >"$log"
    xe "$@" >"$scratch/out" 2>"$scratch/err" || status=$?
    echo "\$ xe $*"
    cat "$scratch/out" "$scratch/err"
    [ "$status" = "$expected" ] && printf %b "$out" | cmp - "$scratch/out" &&
        printf %b "$err" | cmp - "$scratch/err"
}
set_key() { xe vm-param-set uuid="$1" platform:$key="$2"; }
get_key() { xe vm-param-get uuid="$1" param-name=platform param-key=$key; }

# ---- xenstored -------------------------------------------------------------------

is_real() { [ "$(readlink "/proc/$xenstored_pid/exe")" = "$(realpath "$lab_dir/xen/bin/xenstored")" ]; }
stores() { xenstore-write /test/key "$1" && [ "$(xenstore-read /test/key; echo .)" = "$1
." ]; }
check xenstored/is-the-real-one is_real
check xenstored/keeps-values stores 'a, "b" and c=d'
refuses_missing() { ! xenstore-read /no/such/key; }
check xenstored/missing-key refuses_missing
# XENSTORE_PAYLOAD_MAX: 4096 bytes with the path and its NUL.
check xenstored/longest-value stores "$(head -c 4085 /dev/zero | tr '\0' x)"
module() { PYTHONPATH=$VGPU_XEN/$1 "$2" -c 'import xen.lowlevel.xs as xs
h = xs.xs()
print([h.read("", "/test/m"), h.read("", "/test/none"), h.ls("", "/test/none")])'; }
module_says() { [ "$(module "$1" "$2")" = "$3" ]; }
xenstore-write /test/m v
check xenstored/python3/bytes-and-none module_says python python3 "[b'v', None, None]"
if python2_there; then
    check xenstored/python2/str-and-none module_says python2 "$lab_dir/python2/python2" "['v', None, None]"
else
    skip xenstored/python2 "$why"
fi

# ---- xe ----------------------------------------------------------------------------

check xe/set/says-nothing answers 0 '' '' vm-param-set uuid="$web" platform:$key="-device $device"
check xe/get answers 0 "-device $device\n" '' vm-param-get uuid="$web" param-name=platform param-key=$key
check xe/get/minimal-escapes-commas answers 0 '-device vgpu-stub\\,pool_id=A\\,priority=medium\\,vm_id=100\n' '' \
    vm-param-get uuid="$web" param-name=platform param-key=$key --minimal
check xe/get/whole-map answers 0 "acpi: 1; apic: true; $key: -device $device; device_id: 0001; nx: true; pae: true; viridian: true\n" '' \
    vm-param-get uuid="$web" param-name=platform
check xe/remove/says-nothing answers 0 '' '' vm-param-remove uuid="$web" param-name=platform param-key=$key
check xe/get/missing-key answers 1 '' "Error: Key $key not found in map\n" \
    vm-param-get uuid="$web" param-name=platform param-key=$key
check xe/remove/missing-key answers 1 '' "Error: Key $key is not in map\n" \
    vm-param-remove uuid="$web" param-name=platform param-key=$key
bad='The uuid you supplied was invalid.\ntype: VM\nuuid: nonsense\n'
check xe/bad-uuid/get answers 1 '' "$bad" vm-param-get uuid=nonsense param-name=platform
check xe/bad-uuid/set answers 1 '' "$bad" vm-param-set uuid=nonsense platform:$key=x
check xe/bad-uuid/remove answers 1 '' "$bad" vm-param-remove uuid=nonsense param-name=platform param-key=$key
check xe/bad-uuid/list answers 1 '' "$bad" vm-param-list uuid=nonsense
check xe/bad-uuid/start answers 1 '' 'Error: No matching VMs found\n' vm-start uuid=nonsense
check xe/list/minimal answers 0 "11111111-0000-4000-8000-000000000000,$web,$builder\n" '' vm-list --minimal
check xe/list/minimal/none answers 0 '\n' '' vm-list name-label=nobody --minimal
check xe/list/none answers 0 '' '' vm-list name-label=nobody
check xe/list/by-name answers 0 "$web\n" '' vm-list name-label='web, staging' --minimal
check xe/list/by-two answers 0 "$web,$builder\n" '' vm-list is-control-domain=false power-state=halted --minimal
check xe/list/escapes-commas answers 0 'web\\, staging,build (old)\n' '' \
    vm-list is-control-domain=false params=name-label --minimal
check xe/list/records answers 0 "uuid ( RO)           : $web
     name-label ( RW): web, staging
    power-state ( RO): halted\n\n\n" '' vm-list uuid="$web"
check xe/list/one-field answers 0 'name-label ( RW)    : web, staging\n\n\n' '' vm-list uuid="$web" params=name-label
check xe/get/dom-id answers 0 '-1\n' '' vm-param-get uuid="$web" param-name=dom-id
check xe/get/resident-on answers 0 '<not in database>\n' '' vm-param-get uuid="$web" param-name=resident-on
check xe/get/control-domain answers 0 '0\n' '' vm-param-get uuid=11111111-0000-4000-8000-000000000000 param-name=dom-id
check xe/get/unknown answers 1 '' "Error: Unknown field 'nonsense'\n" vm-param-get uuid="$web" param-name=nonsense
check xe/set/read-only answers 1 '' "Error: Field 'power-state' is read-only.\n" vm-param-set uuid="$web" power-state=running
check xe/set/no-key answers 1 '' "Error: Field 'platform' is a map or set. use the 'name:key=value' syntax.\n" \
    vm-param-set uuid="$web" platform=x
check xe/pool answers 0 'bbbbbbbb-0000-4000-8000-000000000000\n' '' pool-list --minimal
pool_says() { xe pool-param-get uuid="$(xe pool-list --minimal)" param-name=restrictions | grep -q "$1"; }
check xe/pool/restrictions pool_says '; platform_filter: false;'
check xe/host answers 0 'uuid ( RO)          : aaaaaaaa-0000-4000-8000-000000000001
    name-label ( RW): xcp1
      hostname ( RO): xcp1
       address ( RO): 192.0.2.1\n\n\n' '' host-list params=uuid,hostname,address,name-label
check xe/unknown-command answers 1 '' 'Unknown command: vm-explode\n' vm-explode
touch "$root/var/xapi-stand-in/down"
check xe/down answers 1 '' 'Error: Connection refused (calling connect )\n' vm-list
rm "$root/var/xapi-stand-in/down"

# Values of any kind survive: the last dot keeps what $(...) would cut off.
survives() { set_key "$web" "$1" && [ "$(get_key "$web"; echo .)" = "$1
." ]; }
check xe/values/splits-on-the-first survives 'a=b=c'
check xe/values/empty survives ''
check xe/values/quotes survives "-device 'vgpu-stub,pool_id=A' \"b c\" \\x"
check xe/values/newline survives "$(printf 'a\nb')"
check xe/values/no-utf-8 survives "$(printf 'a\377b')"
check xe/values/4-kib survives "$(head -c 4096 /dev/zero | tr '\0' x)"
xe vm-param-remove uuid="$web" param-name=platform param-key=$key

# ---- A VM starts ---------------------------------------------------------------------

starts() { vm_start "$1" && [ "$(xe vm-param-get uuid="$1" param-name=power-state)" = running ]; }
set_key "$web" "-device $device,addr=1e"
check start/status starts "$web"
domid=$(domid_of "$web") pid=$(qemu_pid "$(domid_of "$web")")
words=$scratch/words
tr '\0' '\n' <"/proc/$pid/cmdline" >"$words"
check start/argv0 [ "$(head -n 1 "$words")" = "qemu-dm-$domid" ]
check start/qemu-is-the-host-s [ "$(readlink "/proc/$pid/exe")" = "$root$QEMU" ]
check start/xenstore/key [ "$(xenstore-read "/local/domain/$domid/platform/$key")" = "-device $device,addr=1e" ]
check start/xenstore/vm [ "$(xenstore-read "/local/domain/$domid/vm")" = "/vm/$web" ]
check start/xenstore/uuid [ "$(xenstore-read "/vm/$web/uuid")" = "$web" ]
check start/resident [ "$(xe vm-param-get uuid="$web" param-name=resident-on)" = "$(xe host-list --minimal)" ]
qmp_has() { qmp "$1" query-pci | grep -q "$2"; }
vga='"slot": 2,.*"VGA controller"'
check start/qmp/vga-in-slot-2 qmp_has "$domid" "$vga"
check start/qmp/running [ "$(qmp "$domid" query-status | grep -c '"running": true')" = 1 ]
check start/qmp/again qmp_has "$domid" "$vga"
lacks() { ! grep -q "$1" "$2"; }
check start/no-shipped-wrapper-reads-the-key lacks vgpu-stub "$words"
check start/another answers 0 '' '' vm-start uuid="$builder"
check start/another/other-domid [ "$(domid_of "$builder")" != "$domid" ]
check start/twice grep -q '^expected: halted$' <<END
$(xe vm-start uuid="$web" 2>&1)
END
old=$domid
check reboot answers 0 '' '' vm-reboot uuid="$web"
check reboot/new-domid [ "$(domid_of "$web")" -gt "$old" ]
check reboot/old-qemu-ended [ ! -e "/proc/$pid/cmdline" ]
domid=$(domid_of "$web") pid=$(qemu_pid "$(domid_of "$web")")
check shutdown answers 0 '' '' vm-shutdown uuid="$web"
check shutdown/qemu-ended [ ! -e "/proc/$pid/cmdline" ]
check shutdown/dom-id [ "$(domid_of "$web")" = -1 ]
gone() { ! xenstore-read "/local/domain/$1/vm" && [ ! -e "$root/var/run/xen/qmp-libxl-$1" ]; }
check shutdown/domain-gone gone "$domid"
check shutdown/logged grep -q "qemu-dm-$domid\[[0-9]*\]: .*terminating on signal 15" "$root$DAEMON_LOG"
other=$(domid_of "$builder")
kill "$(qemu_pid "$other")"
tries=0
until [ "$(domid_of "$builder")" = -1 ] || [ $tries = 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
check qemu-dies/halted answers 0 'halted\n' '' vm-param-get uuid="$builder" param-name=power-state
check qemu-dies/domain-gone gone "$other"

# What xapi filters where the licence says so.
sed -i 's/platform_filter: false/platform_filter: true/' "$root"/var/xapi-stand-in/pools/*/restrictions
vm_start "$web"
unknown_key() { ! xenstore-read "/local/domain/$1/platform/$key" && xenstore-read "/local/domain/$1/platform/viridian"; }
check filter/key-does-not-arrive unknown_key "$(domid_of "$web")"
vm_stop "$web"
xe vm-param-set uuid="$web" platform:nomigrate=true
sed -i 's/platform_filter: true/platform_filter: false/' "$root"/var/xapi-stand-in/pools/*/restrictions
vm_start "$web"
allowed() { xe vm-param-get uuid="$web" param-name=allowed-operations; }
check nomigrate/not-allowed [ "$(allowed | grep -c 'clean_shutdown')$(allowed | grep -c pool_migrate)" = 10 ]
vm_stop "$web"
check paused/start answers 0 '' '' vm-start uuid="$web" paused=true
check paused/state answers 0 'paused\n' '' vm-param-get uuid="$web" param-name=power-state
check paused/qemu-runs qmp_has "$(domid_of "$web")" "$vga"
check paused/unpause answers 0 '' '' vm-unpause uuid="$web"
check paused/running answers 0 'running\n' '' vm-param-get uuid="$web" param-name=power-state
vm_stop "$web"

# ---- The wrapper is called as xenopsd does --------------------------------------------

shim() {
    mkdir -p "$root/usr/libexec"
    printf '#!/bin/sh\n%s\n' "$1" >"$root/usr/libexec/shim"
    chmod 755 "$root/usr/libexec/shim"
}
hook() { echo "upstream-compat-qemu-dm-wrapper=/usr/libexec/shim" >"$root/etc/xenopsd.conf.d/test.conf"; }
restart() { "$root/opt/xensource/bin/xe-toolstack-restart"; }

fresh
custom_qemu
stock='exec "$VGPU_ROOT/usr/lib64/xen/bin/qemu-wrapper" "$@"'
vm_start "$web" && vm_stop "$web"
shim 'env -0 | tr "\0" "\n" | sed "s/=.*//" | sort >"$VGPU_ROOT/seen"
printf "%s\n" "$@" >"$VGPU_ROOT/words"
'"$stock -device $device,addr=1e"
hook
vm_start "$web" && vm_stop "$web"
check hook/not-before-the-restart [ ! -e "$root/seen" ]
check hook/restart restart
check hook/start starts "$web"
domid=$(domid_of "$web")
check hook/environment [ "$(grep -vx '_\|PWD\|SHLVL\|OLDPWD' "$root/seen" | tr '\n' ' ')" = \
    'PATH PYTHONDONTWRITEBYTECODE PYTHONPATH VGPU_ROOT XENSTORED_PATH XENSTORED_RUNDIR ' ]
check hook/words [ "$(head -n 2 "$root/words" | tr '\n' ' ')" = "$domid --syslog " ]
check hook/xen-domid [ "$(sed -n '/^-xen-domid$/{n;p;}' "$root/words")" = "$domid" ]
qemu_command_line "$domid" >"$words"
line() { grep -n -m 1 -e "$1" "$words" | cut -d: -f1; }
# before A B...: these words are there, in that order.
before() {
    cat "$words"
    last=0
    for word in "$@"; do
        at=$(line "$word")
        echo "$word: ${at:-missing}"
        [ "${at:-0}" -gt "$last" ] || return 1
        last=$at
    done
}
check hook/device-comes-before-the-vga before '^-xen-domid$' "^$device,addr=1e$" '^cirrus-vga,.*addr=2' \
    '^-xen-domid-restrict$' '^-chroot$' '^-runas$'
check hook/device-is-there qmp_has "$domid" '"slot": 30,.*"id": {"device": 4369, .*"vendor": 6900'
check hook/exec-line [ "$(logged "$domid" | grep -c "^Exec: $QEMU qemu-dm-$domid .*$device,addr=1e")" = 1 ]
check hook/sandbox grep -qx "/var/xen/qemu/root-$domid" "$words"
vm_stop "$web"

# -priv in what a shim appends opens the sandbox: so only an allow-list may pass.
shim "$stock -device $device,addr=1e -priv"
check priv/start starts "$web"
qemu_command_line "$(domid_of "$web")" >"$words"
check priv/no-chroot lacks '^-chroot$\|^-runas$\|^-xen-domid-restrict$\|^-priv$' "$words"
vm_stop "$web"

# ---- VMs that do not start --------------------------------------------------------------

VGPU_READY_TIMEOUT=2
failed="An emulator required to run this VM failed to start
vm: $web (web, staging)
name: qemu-dm
msg: Timeout reached while starting daemon\n"
shim "$stock -device $device"
check fail/slot-2-is-the-vga-s answers 1 '' "$failed" vm-start uuid="$web"
check fail/slot-2/qemu-says-why grep -q 'slot 2 function 0 not available for cirrus-vga, in use by vgpu-stub' "$root$DAEMON_LOG"
shim 'echo "$0: no"; exit 1'
started=$(date +%s)
check fail/wrapper-exits answers 1 '' "$failed" vm-start uuid="$web"
check fail/wrapper-exits/waits [ $(($(date +%s) - started)) -ge 2 ]
check fail/wrapper-exits/halted [ "$(xe vm-param-get uuid="$web" param-name=power-state)$(domid_of "$web")" = halted-1 ]
check fail/wrapper-exits/domain-gone gone "$(cat "$XENSTORED_RUNDIR/last-domid")"
check fail/wrapper-exits/logged grep -q 'qemu-dm-[0-9]*\[[0-9]*\]: .*/shim: no$' "$root$DAEMON_LOG"
rm "$root/usr/libexec/shim"
fails_to_restart() { ! restart && restart 2>&1 | grep -q 'xenopsd-xc.service failed to restart'; }
check fail/shim-missing/restart fails_to_restart
cannot_manage() { ! xe vm-start uuid="$web" 2>"$scratch/err" && grep -q 'xenopsd does not run' "$scratch/err"; }
check fail/shim-missing/cannot-manage-vms cannot_manage
rm "$root/etc/xenopsd.conf.d/test.conf"
check fail/conf-removed/restart restart
check fail/conf-removed/start starts "$web"
vm_stop "$web"
set_key "$web" "$(head -c 5000 /dev/zero | tr '\0' x)"
too_big() { ! xe vm-start uuid="$web" 2>"$scratch/err" && grep -q '^message: xenopsd internal error: xenstore: ' "$scratch/err"; }
check fail/key-too-long-for-xenstore too_big
VGPU_READY_TIMEOUT=10

# ---- Each generation of wrappers, to its final command line --------------------------------

# reaches NAME GENERATION ORDER...: the VM starts with that wrapper, and the words
# stand in its command line in that order.
reaches() {
    name=$1 generation=$2
    shift 2
    wrapper_is "$generation"
    vm_start "$web" 2>>"$log" || {
        fail "$name"
        return
    }
    domid=$(domid_of "$web")
    qemu_command_line "$domid" >"$words"
    logged "$domid" >"$scratch/logged"
    check "$name" before "$@"
    check "$name/argv0" [ "$(tr '\0' '\n' <"/proc/$(qemu_pid "$domid")/cmdline" | head -n 1)" = "qemu-dm-$domid" ]
    vm_stop "$web"
}
sandbox='^-xen-domid-restrict$ ^-chroot$ ^-runas$'
fresh
custom_qemu
set_key "$web" "-device $device,addr=1e"
xe vm-param-set uuid="$web" platform:device_model_args="-device 'vgpu-stub,pool_id=B,addr=1d'"
# shellcheck disable=SC2086
{
    reaches wrapper/8.3 8.3 '^cirrus-vga' $sandbox
    check wrapper/8.3/no-device lacks vgpu-stub "$words"
    reaches wrapper/by-hand by-hand '^cirrus-vga' $sandbox "^$device,addr=1e$"
    check wrapper/by-hand/log-line grep -qx "Adding device-model-args from xenstore: \['-device', '$device,addr=1e'\]" "$scratch/logged"
    reaches wrapper/native native '^vgpu-stub,pool_id=B,addr=1d$' '^cirrus-vga' $sandbox
    reaches wrapper/26.10/qemu-7 26.10 '^cirrus-vga' $sandbox
    # One that says it is 10.1, as the next generation's.
    mv "$root$QEMU" "$root$QEMU.real"
    printf '#!/bin/sh\n%s\necho "QEMU emulator version 10.1.0"\n' \
        "[ \"\$1\" = -version ] || exec $root$QEMU.real \"\$@\"" >"$root$QEMU"
    chmod 755 "$root$QEMU"
    wrapper_is 26.10
    vm_start "$web"
    qemu_command_line "$(domid_of "$web")" >"$words"
    domid=$(domid_of "$web")
    check wrapper/26.10/qemu-10 before '^cirrus-vga' '^-xen-domid-restrict$' \
        "^chroot=/var/xen/qemu/root-$domid$" "^user=$((65536 + domid)):$((65536 + domid))$"
    check wrapper/26.10/qemu-10/no-old-words lacks '^-chroot$\|^-runas$' "$words"
    vm_stop "$web"
}

# 8.2: Python 2, and no directory of configuration files.
if python2_there; then
    host_is 8.2
    set_key "$web" "-device $device,addr=1e"
    # shellcheck disable=SC2086
    reaches wrapper/8.2 8.2 '^cirrus-vga' $sandbox
    mkdir "$root/etc/xenopsd.conf.d"
    hook
    check wrapper/8.2/no-config-dir restart
    cp "$root$WRAPPER" "$scratch/8.2.py"
    python3 tests/dom0/wrappers/patch-by-hand.py "$root$WRAPPER" >/dev/null
    cp "$root/usr/lib64/xen/bin/qemu-system-i386" "$scratch/stock-qemu"
    rpm_q -U --nodeps --oldpackage "$rpms/no-epoch.rpm"
    check wrapper/8.2/by-hand/start starts "$web"
    qemu_command_line "$(domid_of "$web")" >"$words"
    # shellcheck disable=SC2086
    check wrapper/8.2/by-hand before '^cirrus-vga' $sandbox "^$device,addr=1e$"
    check wrapper/8.2/by-hand/device qmp_has "$(domid_of "$web")" '"slot": 30'
    vm_stop "$web"
    # shellcheck disable=SC2086
    reaches wrapper/8.1 8.1 '^cirrus-vga' $sandbox
    no_anchor() { ! python3 tests/dom0/wrappers/patch-by-hand.py "$root$WRAPPER"; }
    check wrapper/8.1/no-anchor no_anchor
else
    skip wrapper/8.2 "$why"
    skip wrapper/8.1 "$why"
fi

# ---- The packages ------------------------------------------------------------------------------

fresh
check package/owner [ "$(rpm_q -qf --qf '%{NAME}' "$WRAPPER")" = xenopsd ]
check package/unit grep -q '^ExecStart=.* --config-dir /etc/xenopsd.conf.d$' "$root/usr/lib/systemd/system/xenopsd-xc.service"
wrapper_is by-hand
edited() { rpm_q -V xenopsd | grep -q "^S.5......    $WRAPPER"; }
check package/edit-shows edited
check package/update rpm_q -U "$rpms/xenopsd-update.rpm"
check package/update/edit-is-gone lacks "$key" "$root$WRAPPER"
check package/update/newer [ "$(rpm_q -q xenopsd)" = xenopsd-26.1.3-1.3.xcpng8.3.x86_64 ]
fresh
check package/8.2/unit lacks config-dir "$dom0/root-8.2/usr/lib/systemd/system/xenopsd-xc.service"
check package/8.2/no-config-dir [ ! -e "$dom0/root-8.2/etc/xenopsd.conf.d" ]

finish
