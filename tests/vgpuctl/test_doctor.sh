#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl doctor: each check of the build and the host is shown what it must find,
# on a dom0 in a directory and on an rpmbuild tree; it changes nothing. VMs are
# test_doctor_vms.sh's. Prints TAP.
# Usage: tests/vgpuctl/test_doctor.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2034 # lib.sh sets and reads them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh
. tests/dom0/host.sh

found=5

is() { [ "$1" = "$2" ]; }
# line OUTCOME TITLE TEXT: a check says so.
line() { grep -q -e "^$1 *$2.*: .*$3" "$log"; }
lacks() { ! says "$1"; }
remedy() { grep -q -e "^ *remedy: .*$1" "$log"; }

# ---- The host --------------------------------------------------------------------

host() { run "$1" doctor --host; }

fresh
remember
check stock/status host $found
check stock/release line ok 'the host is an XCP-ng' 'XCP-ng 8.3'
check stock/not-ours line problem 'the installed QEMU package is vgpuctl' 'vgpuctl has installed none'
check stock/no-device line problem '-device help has name' 'has no line'
check stock/remedy remedy 'vgpuctl install RPM'
after() { grep -A1 -e "^problem *$1" "$log" | tail -n 1 | grep -q -e "remedy: .*$2"; }
check stock/device-remedy after '-device help has name' 'vgpuctl install RPM'
check stock/nothing-replaced lacks '^replaced'
check stock/changed nothing_changed

check installed/install run 0 install --stock-rpm "$rpms/stock.rpm" "$rpms/new.rpm"
check installed/no-hook/status host $found
check installed/no-hook/says-so line problem "something takes a VM's key to QEMU" 'nothing does'
check installed/no-hook/remedy remedy 'vgpuctl wrapper install'
check installed/wrapper run 0 wrapper install
remember
check installed/status host 0
check installed/changed nothing_changed
check installed/backup line ok 'the stock QEMU is backed up' 'every checksum is right'
check installed/version line ok 'QEMU runs and says its version' '[0-9]'
check installed/device line ok '-device help has name' 'name "vgpu-stub", bus PCI'
check installed/properties line ok '-device vgpu-stub,help' 'pool_id, priority, vm_id'
check installed/files line ok 'its files are as the package has them' 'rpm -V says nothing'
cp "$log" "$log.headings"
check installed/hook line ok "xenopsd's configuration names the shim" '/etc/xenopsd.conf.d/vgpu.conf'
check installed/way-back line ok 'the stock qemu-wrapper is there to go back to' 'as xenopsd-26.1.3-1.2'
check installed/wrapper-path line ok 'the wrapper starts that QEMU' '/usr/lib64/xen/bin/qemu-system-i386'
check installed/wants line ok 'the QEMU package is as new as xenopsd wants' 'qemu >= 2:4.2.1-5.0.0'
check installed/filter line ok 'XAPI hands the key on' 'platform_filter is not true'
check installed/json run 0 doctor --host --json
sed -n '2,$p' "$log" >"$log.json"
check installed/json-is-one python3 -c 'import json, sys
report = json.load(open(sys.argv[1]))
assert report["verb"] == "doctor" and report["exit_code"] == 0
assert {c["outcome"] for c in report["checks"]} == {"ok", "unknown"}, report["checks"]
assert report["values"]["qemu_package"] == "qemu-2:4.2.1-5.2.15.2.0.vgpu.1.xcpng8.3.x86_64"
assert report["changes"] == []' "$log.json"
check installed/headings grep -q '^==> Integration' "$log.headings"

# Each of these is one thing gone wrong since.
cp -a "$root" "$scratch/good"
again() {
    rm -rf "$root"
    cp -a "$scratch/good" "$root"
}

rpm_q -U "$rpms/update.rpm"
check updated/status host $found
check updated/says-so line problem 'the installed QEMU package is vgpuctl' \
    'an update has replaced qemu-2:4.2.1-5.2.15.2.0.vgpu.1.* by qemu-2:4.2.1-5.2.16.1'
check updated/remedy remedy 'new release'

again
echo '# changed' >>"$root$QEMU"
check copied-over/status host $found
check copied-over/says-so line problem 'its files are as the package has them' 'rpm -V says'

again
for file in "$root$STATE"/backup/*/files"$QEMU"; do echo x >>"$file"; done
check backup-damaged/status host $found
check backup-damaged/says-so line problem 'the stock QEMU is backed up' .
check backup-damaged/remedy remedy 'rollback --stock-rpm'

again
rm "$root$QEMU"
check no-binary/status host $found
check no-binary/says-so line problem 'QEMU is where the host starts it' 'no program'

fresh
check interrupted/kill killed installing install "$rpms/new.rpm"
check interrupted/status host $found
check interrupted/says-so line problem 'no install or rollback was interrupted' 'installing'

fresh
rpm_q -U "$rpms/no-interface.rpm"
check assertion/status host $found
check assertion/says-so grep -q 'conventional || pcie' "$log"

# ---- What brings the key to QEMU --------------------------------------------------

conf=$root/etc/xenopsd.conf.d
bin=$root/usr/lib64/xen/bin

again
rm "$root/usr/libexec/vgpu/qemu-wrapper"
check no-shim/status host $found
check no-shim/says-so line problem 'the shim is there' 'is missing, and so xenopsd will not start again'

again
cp "$conf/vgpu.conf" "$conf/vgpu.conf.bak"
check second-setter/status host $found
check second-setter/says-so line problem 'no other file names a wrapper' 'vgpu.conf.bak'

again
echo '# by hand' >>"$bin/qemu-wrapper"
check wrapper-changed/status host $found
check wrapper-changed/says-so line problem 'the stock qemu-wrapper is there to go back to' 'not as its package has it'

again
wrapper_is by-hand
check by-hand/status host $found
check by-hand/says-so says "the first guide's patch is in it"
check by-hand/remedy remedy 'vgpuctl wrapper install'
rm "$conf/vgpu.conf"
check by-hand-alone/status host $found
check by-hand-alone/says-so line problem 'a wrong key cannot keep a VM from starting' '300 seconds'

again
sed -i 's/^def main/def main(:/' "$bin/qemu-wrapper"
check syntax/status host $found
check syntax/says-so line problem 'the wrapper is valid Python' 'no VM starts with it'

again
sed -i 's#/usr/lib64/xen/bin/qemu-system-i386#/usr/lib/xen/bin/qemu-system-i386#' "$bin/qemu-wrapper"
check wrapper-path/status host $found
check wrapper-path/says-so line problem 'the wrapper starts that QEMU' \
    'it starts /usr/lib/xen/bin/qemu-system-i386, and the device goes to /usr/lib64/xen/bin/qemu-system-i386'

again
mkdir -p "$root/etc/vgpu"
printf -- '-device e1000,addr=1b\n-priv\n' >"$root/etc/vgpu/allow-args"
check allow-args/line/status host $found
check allow-args/line/says-so line problem '/etc/vgpu/allow-args allows no more' 'this line is not used: -priv'
printf -- '-device e1000,addr=1b\n' >"$root/etc/vgpu/allow-args"
check allow-args/good/status host 0
check allow-args/good/says-so line ok '/etc/vgpu/allow-args allows no more' '1 line'
chmod 666 "$root/etc/vgpu/allow-args"
check allow-args/mode/status host $found
check allow-args/mode/says-so line problem '/etc/vgpu/allow-args allows no more' 'not root.s alone'

again
touch "$bin/qemu-system-i386.backup-20260122-101500"
check leftovers/status host 0
check leftovers/says-so line ok "no VM needs the guides' own backups" 'qemu-system-i386.backup-20260122-101500 .*Text file busy'

# ---- Updates ------------------------------------------------------------------------

again
mkdir -p "$root/var/cache/yum/x86_64/updates/packages"
cp "$rpms/update.rpm" "$root/var/cache/yum/x86_64/updates/packages/qemu-4.2.1-5.2.16.1.xcpng8.3.x86_64.rpm"
check waiting/status host $found
check waiting/says-so line problem 'no QEMU update waits' 'qemu-2:4.2.1-5.2.16.1.xcpng8.3.x86_64 does'
rm "$root"/var/cache/yum/x86_64/updates/packages/*
cp "$rpms/older.rpm" "$root/var/cache/yum/x86_64/updates/packages/qemu-4.2.1-5.2.9.1.xcpng8.3.x86_64.rpm"
check waiting/older/status host 0

fresh
rpm_q -U --nodeps --oldpackage "$rpms/no-epoch.rpm"
check epoch/status host $found
check epoch/says-so line problem 'the QEMU package is as new as xenopsd wants' 'wants qemu >= 2:4.2.1-5.0.0, installed is qemu-4.2.1'
check epoch/remedy remedy 'keep the Epoch'

again
printf '[probe]\nuuid=%s\nname=web\nduring=-device ich9-usb-ehci1\n' "$web" >"$root$STATE/probe"
check probe/status host $found
check probe/says-so line problem 'no probe was interrupted' 'that of web was'
check probe/remedy remedy "vgpuctl probe $web"
echo nonsense >"$root$STATE/probe"
check probe/broken/status host $found
check probe/broken/says-so line problem 'no probe was interrupted' 'makes no sense'

# ---- XAPI and the logs ----------------------------------------------------------------

again
touch "$root/var/xapi-stand-in/down"
check xapi-down/status host $found
check xapi-down/says-so line problem 'XAPI answers' 'Connection refused'
check xapi-down/remedy remedy 'xe-toolstack-restart'

again
sed -i 's/platform_filter: false/platform_filter: true/' "$root"/var/xapi-stand-in/pools/*/restrictions
check filter/status host $found
check filter/says-so line problem 'XAPI hands the key on' 'xapi drops the key'

again
stamp() { LC_ALL=C date -d "$1" '+%b %e %H:%M:%S'; }
error='TypeError: sequence item 30: expected str instance, bytes found'
timeout='Service_failed(service=qemu-dm,reason=Timeout reached while starting daemon)'
echo "$(stamp '-3 days') xcp1 qemu-dm-4[99]: $error" >"$root/var/log/daemon.log"
echo "$(stamp '-3 days') xcp1 xenopsd-xc: [error||5 ||xenops] $timeout" >"$root/var/log/xensource.log"
check logs/old/status host 0
check logs/old/says-so line ok 'no wrapper failed on bytes lately' 'not within a day; the last one is: .*TypeError'
echo "$(stamp '-1 hour') xcp1 qemu-dm-5[99]: $error" >>"$root/var/log/daemon.log"
check logs/type-error/status host $found
check logs/type-error/says-so line problem 'no wrapper failed on bytes lately' 'qemu-dm-5\[99\]: TypeError'
check logs/type-error/remedy remedy 'vgpuctl wrapper install'
: >"$root/var/log/daemon.log"
echo "$(stamp '-1 hour') xcp1 xenopsd-xc: [error||5 ||xenops] $timeout" >>"$root/var/log/xensource.log"
check logs/timeout/status host $found
check logs/timeout/says-so line problem 'no VM waited in vain' 'Timeout reached while starting daemon'
check logs/timeout/remedy remedy 'qemu-dm-<domid>'
rm "$root/var/log/xensource.log"
bad='qemu-system-i386: get_pci_config_device: Bad config data: i=0x10 read: 0 device: 4 cmask: ff wmask: 0 w1cmask:0'
echo "$(stamp '-3 days') xcp1 qemu-dm-6[99]: $bad" >"$root/var/log/daemon.log"
check logs/bad-config/old host 0
echo "$(stamp '-1 hour') xcp1 qemu-dm-6[99]: $bad" >>"$root/var/log/daemon.log"
check logs/bad-config/status host $found
check logs/bad-config/says-so line problem 'no VM came back with another device lately' 'Bad config data: i=0x10'
check logs/bad-config/remedy remedy 'xe vm-start'

# ---- Before production -----------------------------------------------------------------

again
: >"$root/var/log/daemon.log"
check production/status run 0 doctor --host --production
check production/no-check-is-a-statement lacks '^replaced'
for text in 'an installation script: ' 'rollback procedures: ' 'combinations of properties: ' \
    'backups of binaries: ' 'updates that overwrite files: ' 'security updates of QEMU: ' \
    'new guest systems: ' 'migration: ' 'hot-plug: ' 'properties: .* by a restart only' \
    'without a driver in the guest'; do
    check "production/$text" says "^  $text"
done
# Nothing runs here, and nothing has been started; and this is no host's memory.
check production/several line unknown 'several VMs run with the device at once' '0 does'
check production/restarts line unknown 'VMs were restarted with the device' 'has 0 starts'
check production/qemus line unknown 'what the QEMUs with the device take is known' 'none runs'
check production/memory lacks 'dom0 has memory left'
check production/back line ok 'there is a way back' 'vgpuctl rollback'
check production/one-host line ok 'VMs can migrate' 'one host'

check usage/production-build run 2 doctor --production --build
check usage/production-checklist run 2 doctor --production --checklist
check usage/production-says says 'does not go with --build or --checklist'
check usage/two run 2 doctor --host --build
check usage/word run 2 doctor extra

# ---- The rpmbuild tree --------------------------------------------------------------

top=$scratch/top
tree() {
    rm -rf "$top"
    mkdir -p "$top/SPECS" "$top/SOURCES"
    cp "$spec" "$top/SPECS/qemu.spec"
    mkdir -p "$scratch/qemu-4.2.1"
    tar czf "$top/SOURCES/qemu-4.2.1.tar.gz" -C "$scratch" qemu-4.2.1
}
at_build() {
    status=0
    "$vgpuctl" doctor --build --topdir "$top" >"$log" 2>&1 || status=$?
    [ "$status" = "$1" ]
}
spec=tests/vgpuctl/specs/autosetup.spec

tree
check tree/stock/status at_build $found
check tree/stock/archives line ok 'the sources are archives' '1 of 1'
check tree/stock/no-device line problem 'SOURCES/vgpu-stub.c is' 'vgpu-stub.c: '
check tree/stock/spec line problem 'the spec has the device' 'it has not'
check tree/stock/werror line ok 'the spec leaves -Werror on' 'no --disable-werror'
check tree/stock/no-log line problem 'the RPM was built' 'there is no'
check tree/stock/nothing-replaced lacks '^replaced'

"$vgpuctl" integrate --topdir "$top" >/dev/null
echo 'error: Failed build dependencies:' >"$top/vgpuctl-build.log"
echo '	pixman-devel is needed by qemu-2:4.2.1' >>"$top/vgpuctl-build.log"
check tree/integrated/status at_build $found
check tree/integrated/source line ok 'SOURCES/vgpu-stub.c is' bytes
check tree/integrated/spec line ok 'the spec has the device' '4.2.1'
check tree/integrated/log line problem 'the RPM was built' .
check tree/integrated/log-remedy remedy pixman-devel

touch "$top/qemu.rpm"
{
    echo 'gcc -c hw/misc/vgpu-stub.c'
    echo '  CC      i386-softmmu/hw/misc/vgpu-stub.o'
    echo "Wrote: $top/RPMS/x86_64/qemu-4.2.1-1.x86_64.rpm"
} >"$top/vgpuctl-build.log"
mkdir -p "$top/RPMS/x86_64"
touch "$top/RPMS/x86_64/qemu-4.2.1-1.x86_64.rpm"
check tree/built/status at_build 0
check tree/built/rpm line ok 'the RPM was built' 'qemu-4.2.1-1.x86_64.rpm'
check tree/built/compiled line ok 'the build compiled the device' .

printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 28315815\n' 0 \
    >"$top/SOURCES/qemu-4.2.1.tar.gz"
echo '/* changed */' >>"$top/SOURCES/vgpu-stub.c"
sed -i 's/--enable-werror/--disable-werror/' "$top/SPECS/qemu.spec"
check tree/spoiled/status at_build $found
check tree/spoiled/lfs line problem 'the sources are archives' 'qemu-4.2.1.tar.gz'
check tree/spoiled/lfs-remedy remedy 'git lfs pull'
check tree/spoiled/source line problem 'SOURCES/vgpu-stub.c is' 'another file'
check tree/spoiled/werror line problem 'the spec leaves -Werror on' 'disable-werror'
check tree/spoiled/class line ok 'its class fits' 'no 0x120000'
sed -e 's/VGPU_PCI_CLASS;/0x120000;/' -e '/{ INTERFACE_CONVENTIONAL_PCI_DEVICE }/d' vgpu-stub.c >"$top/SOURCES/vgpu-stub.c"
check tree/seed/status at_build $found
check tree/seed/class line problem 'its class fits into 16 bits' '0x120000'
check tree/seed/class-remedy remedy 'class_id = 0x1200'
check tree/seed/interface line problem 'it has the interface' 'conventional'

top=$scratch/none
check tree/none/status at_build $found
check tree/none/says-so line problem 'there is an rpmbuild tree' 'no directory'

# ---- The checklist of the guides (phase 10), word for word ------------------------------

cat >"$scratch/boxes" <<'END'
Git LFS files pulled successfully (keycodemapdb ~30KB, qemu ~28MB)
vgpu-stub.c created (252 lines)
Spec file modified (Source3 added, --disable-werror set)
RPM builds without errors (~46 seconds)
vgpu-stub.o compilation visible in build output
QEMU binary backed up
Custom RPM installed
QEMU version shows 4.2.1
-device help shows vgpu-stub
-device vgpu-stub,help shows properties
qemu-wrapper backed up
Patch applied successfully
grep shows bytes.decode('utf-8') line present
No syntax errors in qemu-wrapper
device-model-args set on test VM
VM starts without errors
VM gets domain ID (not -1)
daemon.log shows "Adding device-model-args" message
daemon.log shows device in QEMU Exec line
lspci in guest shows device (if guest booted)
END
again
check checklist/status run $found doctor --checklist --topdir "$scratch/none"
sed -n 's/^\[[ x?]\] //p' "$log" >"$scratch/printed"
check checklist/words diff "$scratch/boxes" "$scratch/printed"
boxes() { sed -n 's/^\[\([ x?]\)\] .*/\1/p' "$log" | tr -d '\n'; }
# It was built elsewhere, all is installed, no VM has the key.
check checklist/boxes is "$(boxes)" '?????xxxxxxxxx      '
check checklist/count says '^6 boxes open'
check checklist/unseen says '^5 cannot be looked at here: vgpuctl doctor --build where it was built'
check checklist/instead says 'replaced: -Werror has to stay on'
check checklist/replaced says 'rpm -Uvh --nodeps --force: .*hides conflicts'
# What is said at its box is not said again.
check checklist/once is "$(grep -c 'bytes.decode' "$log")" 1
mkdir "$root/tree"
check checklist/empty-tree/status run $found doctor --checklist --topdir /tree
check checklist/empty-tree/boxes is "$(boxes)" '     xxxxxxxxx      '
check checklist/empty-tree/count says '^11 boxes open'
fresh
check checklist/stock/status run $found doctor --checklist --topdir "$scratch/none"
# A stock QEMU says its version, and the wrapper is untouched and valid.
check checklist/stock/boxes is "$(boxes)" '?????  x  x  x      '

rm -rf "$scratch/good" "$scratch/top"
finish
