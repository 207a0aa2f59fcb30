#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl doctor: each check is shown what it must find, on a dom0 in a directory
# and on an rpmbuild tree; it changes nothing. Prints TAP.
# Usage: tests/vgpuctl/test_doctor.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2034 # lib.sh sets and reads them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh

found=5

# line OUTCOME TITLE TEXT: a check says so.
line() { grep -q -e "^$1 *$2.*: .*$3" "$log"; }
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
check stock/replaced line replaced 'rpm -Uvh --nodeps --force' 'hides conflicts'
check stock/changed nothing_changed

check installed/install run 0 install --stock-rpm "$rpms/stock.rpm" "$rpms/new.rpm"
check installed/status host 0
check installed/backup line ok 'the stock QEMU is backed up' 'every checksum is right'
check installed/version line ok 'QEMU runs and says its version' '[0-9]'
check installed/device line ok '-device help has name' 'name "vgpu-stub", bus PCI'
check installed/properties line ok '-device vgpu-stub,help' 'pool_id, priority, vm_id'
check installed/files line ok 'its files are as the package has them' 'rpm -V says nothing'
check installed/json run 0 doctor --host --json
sed -n '2,$p' "$log" >"$log.json"
check installed/json-is-one python3 -c 'import json, sys
report = json.load(open(sys.argv[1]))
assert report["verb"] == "doctor" and report["exit_code"] == 0
assert {c["outcome"] for c in report["checks"]} == {"ok", "replaced"}, report["checks"]
assert report["changes"] == []' "$log.json"

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
check tree/stock/252-lines line replaced 'vgpu-stub.c created (252 lines)' '183 lines'
check tree/stock/disable-werror line replaced 'spec file modified' 'class 0000'

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

top=$scratch/none
check tree/none/status at_build $found
check tree/none/says-so line problem 'there is an rpmbuild tree' 'no directory'

rm -rf "$scratch/good" "$scratch/top"
finish
