#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl install on a dom0 in a directory: it goes well, it is refused, it
# fails and is undone, it is killed at every step. Prints TAP.
# Usage: tests/vgpuctl/test_install.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2016 # lib.sh sets them; sh -c expands them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh

new=qemu-4.2.1-5.2.15.2.0.vgpu.1.xcpng8.3.x86_64
stock=qemu-4.2.1-5.2.15.2.xcpng8.3.x86_64

# installed PACKAGE: it owns the QEMU, alone and unharmed, and has the device.
installed() { [ "$(owner)" = "$1" ] && has_device && rpm_q -V qemu && no_journal; }

# ---- It goes well --------------------------------------------------------------

fresh
remember
cp "$scratch/database" "$scratch/stock"
check install/new/status run 0 install "$rpms/new.rpm"
check install/new/device installed "$new"
check install/new/says-version says '^-version: [0-9]'
check install/new/says-device says '^-device help: name "vgpu-stub", bus PCI'
check install/new/no-force sh -c '! grep -e --nodeps -e --force "$1"' sh "$log"
check install/again/status run 0 install "$rpms/new.rpm"
check install/again/nothing-to-do says 'nothing to do'
check install/backup/checksum sh -c 'cd "$1" && sha256sum -c manifest.sha256' sh \
    "$root$STATE/backup/qemu-2:4.2.1-5.2.15.2.xcpng8.3.x86_64"
check install/backup/bytes cmp "$dom0/root$QEMU" \
    "$root$STATE/backup/qemu-2:4.2.1-5.2.15.2.xcpng8.3.x86_64/files$QEMU"
# Over one that somebody else installed.
fresh
rpm_q -U "$rpms/new.rpm"
check install/foreign/status run 0 install "$rpms/newer.rpm"
check install/foreign/says-so says '^warning: the installed QEMU has vgpu-stub already'
check install/foreign/no-backup sh -c '! grep -q ^backup= "$1"' sh "$root$STATE/record"
fresh
run 0 install "$rpms/new.rpm" || :
# One of ours over one of ours: the way back still leads to the stock one.
check install/newer/status run 0 install "$rpms/newer.rpm"
check install/newer/backup-is-stock grep -q '^backup=qemu-2:4.2.1-5.2.15.2.xcpng8.3' \
    "$root$STATE/record"
check install/newer/one-backup [ "$(find "$root$STATE/backup" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]

fresh
check install/same-nevr/status run 0 install --stock-rpm "$rpms/stock.rpm" "$rpms/same.rpm"
check install/same-nevr/flags says 'rpm .*-Uvh --replacepkgs --replacefiles '
check install/same-nevr/device installed "$stock"
check install/same-nevr/stock-rpm-kept cmp "$rpms/stock.rpm" \
    "$root$STATE/backup/qemu-2:4.2.1-5.2.15.2.xcpng8.3.x86_64/stock.rpm"

fresh
check install/downgrade/status run 0 install --allow-downgrade "$rpms/older.rpm"
check install/downgrade/flags says 'rpm .*-Uvh --oldpackage '
check install/downgrade/device installed qemu-4.2.1-5.2.9.1.xcpng8.3.x86_64

fresh
mkdir -p "$root/var/cache/yum/x86_64/7/xcp-ng-base/packages"
cp "$rpms/stock.rpm" "$root/var/cache/yum/x86_64/7/xcp-ng-base/packages/$stock.rpm"
remember
check install/dry-run/status run 0 install --dry-run "$rpms/new.rpm"
check install/dry-run/says-rpm says "^would run    rpm --root $root -Uvh $rpms/new.rpm"
check install/dry-run/says-backup says "^would copy   $root$QEMU -> $root$STATE/backup/"
check install/dry-run/finds-cache says "^would copy   $root/var/cache/yum/.*/$stock.rpm -> "
check install/dry-run/nothing-changed nothing_changed

# A QEMU that runs is not disturbed, and does not disturb.
fresh
"$root$QEMU" -machine none -nodefaults -display none -serial none -monitor none &
running=$!
sleep 0.5
echo 'a copy over it' >"$log"
check install/running-qemu/is-busy sh -c '! cp "$1" "$2" 2>&1 | tee -a "$3" | grep -v "Text file busy"' \
    sh "$rpms/new.rpm" "$root$QEMU" "$log"
check install/running-qemu/status run 0 install "$rpms/new.rpm"
check install/running-qemu/device installed "$new"
check install/running-qemu/runs kill -0 $running
kill $running

# ---- It is refused: the RPM ---------------------------------------------------------

fresh
refused refused/no-file 'cannot read .*/none.rpm: No such file' install "$rpms/none.rpm"
refused refused/directory 'is no regular file' install "$rpms"
refused refused/no-rpm 'is not a whole RPM' install "$0"
refused refused/truncated 'is not a whole RPM' install "$rpms/truncated.rpm"
refused refused/debuginfo 'it has only debug symbols' install "$rpms/debuginfo.rpm"
refused refused/other 'it is another package' install "$rpms/other.rpm"
refused refused/architecture 'it is for another architecture' install "$rpms/i686.rpm"
refused refused/no-path "it has no $QEMU" install "$rpms/no-path.rpm"
refused refused/no-epoch "has no Epoch, and qemu-2:4.2.1-5.2.15.2.xcpng8.3.x86_64 is installed" \
    install "$rpms/no-epoch.rpm"
check refused/no-epoch/remedy says "Epoch: 2.*xenopsd-xc requires qemu >= 2:4.2.1-5.0.0"
refused refused/no-epoch-downgrade 'has no Epoch' install --allow-downgrade "$rpms/no-epoch.rpm"
refused refused/low-epoch 'has Epoch 1, and ' install "$rpms/low-epoch.rpm"
refused refused/older 'is older than the installed qemu-2' install "$rpms/older.rpm"
refused refused/no-device "has no line 'name \"vgpu-stub\", bus PCI'" install "$rpms/no-device.rpm"
refused refused/no-property '-device vgpu-stub,help lacks vm_id=<uint32>' install "$rpms/no-property.rpm"
refused refused/no-interface "assertion .conventional || pcie' failed" install "$rpms/no-interface.rpm"
check refused/no-interface/remedy says 'INTERFACE_CONVENTIONAL_PCI_DEVICE'
refused refused/dependency 'libvgpu-missing.so.1 is needed by' install "$rpms/needs.rpm"
refused refused/wrong-stock-rpm 'is not the RPM of the installed' \
    install --stock-rpm "$rpms/update.rpm" "$rpms/new.rpm"
refused refused/rebuilt-stock-rpm 'is not the RPM of the installed' \
    install --stock-rpm "$rpms/same.rpm" "$rpms/new.rpm"

# ---- It is refused: the host -----------------------------------------------------------

# release BRAND VERSION: the host says that it is that.
release() {
    fresh
    sed -i "s/^PRODUCT_BRAND=.*/PRODUCT_BRAND='$1'/; s/^PRODUCT_VERSION=.*/PRODUCT_VERSION='$2'/" \
        "$root/etc/xensource-inventory"
}
for version in 7.6.0 8.0.0 8.1.0; do
    release XCP-ng $version
    refused "refused/release/$version" "XCP-ng $version has QEMU 2.10" install "$rpms/new.rpm"
done
release XCP-ng 9.0.0
refused refused/release/later 'XCP-ng 9.0.0 is not a release' install "$rpms/new.rpm"
release XenServer 8.4.0
refused refused/release/xenserver 'this host is XenServer 8.4.0, not XCP-ng' install "$rpms/new.rpm"
check any-release/status run 0 install --dry-run --any-release "$rpms/new.rpm"
check any-release/says-so says '^warning: this host is XenServer'
release XCP-ng 8.2.1
check release/8.2/status run 0 install --dry-run "$rpms/new.rpm"
rm "$root/etc/xensource-inventory"
check release/os-release/status run 0 install --dry-run "$rpms/new.rpm"
rm "$root/etc/os-release"
check release/redhat-release/status run 0 install --dry-run "$rpms/new.rpm"
echo 'XCP-ng release 8.1.0 (xenenterprise)' >"$root/etc/redhat-release"
refused refused/release/redhat-release 'XCP-ng 8.1.0 has QEMU 2.10' install "$rpms/new.rpm"
rm "$root/etc/redhat-release"
refused refused/release/none 'this is no XCP-ng host' install "$rpms/new.rpm"

vms=$root/var/xapi-stand-in
fresh
echo running >"$vms/22222222-0000-4000-8000-000000000000/power-state"
refused refused/vms/one '1 VM is running: web, staging$' install "$rpms/new.rpm"
echo paused >"$vms/33333333-0000-4000-8000-000000000000/power-state"
refused refused/vms/two '2 VMs are running: web, staging, build (old)$' install "$rpms/new.rpm"
check with-running-vms/status run 0 install --with-running-vms "$rpms/new.rpm"
check with-running-vms/says-so says '^warning: these VMs run.*: web, staging, build (old)$'
check with-running-vms/device installed "$new"
fresh
touch "$vms/down"
refused refused/vms/xapi-down 'cannot tell which VMs run: .*Connection refused' install "$rpms/new.rpm"
check xapi-down/with-running-vms run 0 install --dry-run --with-running-vms "$rpms/new.rpm"
fresh
rm "$root/opt/xensource/bin/xe" "$root/usr/bin/xe"
refused refused/vms/no-xe 'cannot tell which VMs run: there is no xe' install "$rpms/new.rpm"

fresh
rpm_q -e --nodeps --justdb qemu
refused refused/no-package "no installed package owns $QEMU" install "$rpms/new.rpm"

fresh
rpm_q -U "$rpms/dies.rpm" || :
refused refused/two-packages "2 installed packages own $QEMU" install "$rpms/new.rpm"
check two-packages/rollback run 0 rollback --stock-rpm "$rpms/stock.rpm"
remember
check two-packages/stock diff "$scratch/stock" "$scratch/database"

fresh
remember
as_user install "$rpms/new.rpm"
check refused/no-root/status [ "$user_status" = 3 ]
check refused/no-root/says-so says 'only root may do this, and this is user 65534'
check refused/no-root/nothing-changed nothing_changed

exec 8<"$root/var/lib"
flock 8
refused refused/busy 'another vgpuctl, or an rpm that one started, is at work' install "$rpms/new.rpm"
exec 8<&-

# mounted DIRECTORY OPTION...: whether file systems can be mounted here.
mounted() {
    at=$1
    shift
    mount -t tmpfs "$@" vgpuctl-test "$at" 2>"$log"
}
if mkdir -p "$scratch/small" && mounted "$scratch/small" -o size=40m; then
    # Room for the dom0 itself (12 MiB) and no more than half of what is needed.
    cp -a "$dom0/root/." "$scratch/small/"
    head -c 14M /dev/zero >"$scratch/small/ballast"
    saved=$root root=$scratch/small
    refused refused/full-disk 'MiB free, and this needs [0-9]* MiB' install "$rpms/new.rpm"
    rm "$root/ballast"
    mount -o remount,ro "$root"
    remember
    run 3 install "$rpms/new.rpm" || :
    check refused/read-only/says-so grep -q '^vgpuctl install: cannot write in .*: Read-only file system' "$log.err"
    check refused/read-only/one-line [ "$(wc -l <"$log.err")" = 2 ]
    check refused/read-only/nothing-changed nothing_changed
    umount "$root"
    root=$saved
    # A disk that says there is room and then has none: no more files fit.
    fresh
    remember
    mkdir -p "$root$STATE"
    mounted "$root$STATE" -o nr_inodes=14
    check failed/full-disk/status run 1 install "$rpms/new.rpm"
    check failed/full-disk/says-so says 'No space left on device'
    check failed/full-disk/no-more-kept [ "$(find "$root$STATE" -type f | wc -l)" = 0 ]
    umount "$root$STATE"
    check failed/full-disk/nothing-changed is_as_before
else
    skip refused/full-disk 'file systems cannot be mounted here'
    skip refused/read-only 'file systems cannot be mounted here'
    skip failed/full-disk 'file systems cannot be mounted here'
fi

# ---- It is used wrongly -----------------------------------------------------------------------

fresh
check usage/no-rpm run 2 install
check usage/two-rpms run 2 install "$rpms/new.rpm" "$rpms/newer.rpm"
check usage/option run 2 install --nodeps "$rpms/new.rpm"
check json/status run 3 install --json "$rpms/no-device.rpm"
check json/exit-code says '"exit_code" : 3'
check json/remedy says '"remedy" : "vgpuctl integrate'

# ---- It fails after the change, and all is put back ---------------------------------------------

# by_hand: what an administrator changed stays as it is, whatever the RPM has.
by_hand() {
    echo 'by hand' >>"$root/usr/share/qemu/keymaps/de"
    chmod 600 "$root/usr/share/qemu/bios.bin"
    rm "$root/usr/share/qemu/bios-default.bin"
    ln -s keymaps/de "$root/usr/share/qemu/bios-default.bin"
}
fresh
by_hand
remember
check undone/rpm/status run 1 install --stock-rpm "$rpms/stock.rpm" "$rpms/breaks.rpm"
check undone/rpm/says-why grep -q '^vgpuctl install: the installed QEMU is not usable: ' "$log.err"
check undone/rpm/says-so says 'everything is as it was before'
check undone/rpm/as-before is_as_before
check undone/rpm/nothing-kept [ ! -e "$root$STATE" ]
fresh
by_hand
remember
check undone/files/status run 1 install "$rpms/breaks.rpm"
check undone/files/says-why grep -q '^vgpuctl install: the installed QEMU is not usable: ' "$log.err"
check undone/files/explains says "rpm's record is not: there is no RPM of qemu-2:4.2.1-5.2.15.2"
check undone/files/as-before files_are_as_before
check undone/files/mended run 0 rollback --stock-rpm "$rpms/stock.rpm"
check undone/files/record-too is_as_before
fresh
remember
check undone/rpm-dies/status run 1 install --stock-rpm "$rpms/stock.rpm" "$rpms/dies.rpm"
check undone/rpm-dies/as-before is_as_before

finish
