#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl rollback on a dom0 in a directory: by the stock RPM, by the backup,
# from a backup that was tampered with, where there is nothing to do. Prints
# TAP.
# Usage: tests/vgpuctl/test_rollback.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2016 # lib.sh sets them; sh -c expands them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh

backup=$root$STATE/backup/qemu-2:4.2.1-5.2.15.2.xcpng8.3.x86_64

# install WORD...: the device's QEMU over the stock one; the way back is tested.
install() {
    fresh
    remember
    run 0 install "$@" || fail "install $*"
}

# ---- Nothing to do -----------------------------------------------------------------

fresh
remember
check nothing/status run 0 rollback
check nothing/says-so says 'is stock (no vgpu-stub, rpm -V clean): nothing to do'
check nothing/changed nothing_changed

install "$rpms/new.rpm"
rpm_q -U "$rpms/update.rpm"
remember
check updated/status run 0 rollback
check updated/says-so says 'an update or another install has replaced qemu-2:4.2.1-5.2.15.2.0.vgpu.1'
check updated/as-before is_as_before
check updated/no-record [ ! -e "$root$STATE/record" ]

# ---- By the RPM ---------------------------------------------------------------------

install --stock-rpm "$rpms/stock.rpm" "$rpms/new.rpm"
check dry-run/status run 0 rollback --dry-run
check dry-run/says-rpm says "^would run    rpm --root $root -Uvh --oldpackage --replacepkgs --replacefiles $backup/stock.rpm"
check dry-run/device has_device
check by-rpm/status run 0 rollback
check by-rpm/as-before is_as_before
check by-rpm/no-device lacks_device
check by-rpm/says-so says 'device help has no vgpu-stub'
check by-rpm/verify says '^rpm -V: clean'
check by-rpm/again run 0 rollback
check by-rpm/again/nothing-to-do says 'nothing to do'
# The RPM that was kept serves the next install too.
check by-rpm/install-again run 0 install "$rpms/newer.rpm"
check by-rpm/install-again/finds-rpm says "the RPM to go back with is $backup/stock.rpm"
check by-rpm/install-again/one-backup [ "$(find "$root$STATE/backup" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
check by-rpm/rollback-again run 0 rollback
check by-rpm/rollback-again/as-before is_as_before

install "$rpms/new.rpm"
check given-rpm/status run 0 rollback --stock-rpm "$rpms/stock.rpm"
check given-rpm/as-before is_as_before

# The same NEVR: only what the packages are made of tells them apart.
install --stock-rpm "$rpms/stock.rpm" "$rpms/same.rpm"
check same-nevr/device has_device
check same-nevr/status run 0 rollback
check same-nevr/as-before is_as_before

# Over an install of ours comes another of ours; back is the stock one.
install --stock-rpm "$rpms/stock.rpm" "$rpms/new.rpm"
run 0 install "$rpms/newer.rpm" || :
check two/status run 0 rollback
check two/as-before is_as_before

# What did not run before does not run after: that is said, and all is back.
fresh
echo 'no program' >"$root$QEMU"
remember
check broken/install run 0 install --stock-rpm "$rpms/stock.rpm" "$rpms/new.rpm"
check broken/install/says-so says '^warning: the installed QEMU does not run'
check broken/status run 1 rollback
check broken/says-so grep -q '^vgpuctl rollback: the QEMU does not run' "$log.err"
check broken/as-before is_as_before
check broken/no-journal no_journal

# To a newer stock QEMU than there was.
install "$rpms/new.rpm"
check other-stock/status run 0 rollback --stock-rpm "$rpms/update.rpm"
check other-stock/owner [ "$(owner)" = qemu-4.2.1-5.2.16.1.xcpng8.3.x86_64 ]
check other-stock/verify rpm_q -V qemu
check other-stock/no-device lacks_device

# ---- By the backup ------------------------------------------------------------------------

install "$rpms/new.rpm"
"$root$QEMU" -machine none -nodefaults -display none -serial none -monitor none &
running=$!
sleep 0.5
check by-backup/status run 0 rollback
check by-backup/qemu-runs kill -0 $running
kill $running
check by-backup/bytes files_are_as_before
check by-backup/no-device lacks_device
check by-backup/explains says "rpm's record is of the other package"
check by-backup/remedy says "vgpuctl rollback --stock-rpm FILE .* yum reinstall qemu"
check by-backup/again run 0 rollback
check by-backup/again/bytes files_are_as_before
check by-backup/mended run 0 rollback --stock-rpm "$rpms/stock.rpm"
check by-backup/mended/as-before is_as_before

# An administrator put the binary back by hand: rpm's record is wrong.
install "$rpms/new.rpm"
rm -r "${root:?}$STATE"
cp "$dom0/root$QEMU" "$scratch/copy"
mv "$scratch/copy" "$root$QEMU"
check by-hand/status run 0 rollback
check by-hand/says-so says '^warning: the QEMU has no vgpu-stub, but rpm -V differs'
check by-hand/mended run 0 rollback --stock-rpm "$rpms/stock.rpm"
check by-hand/mended/as-before is_as_before

# The RPM that was kept is of no use to rpm: the backup is.
install --stock-rpm "$rpms/stock.rpm" "$rpms/new.rpm"
mkdir -p "$scratch/broken"
cat >"$scratch/broken/rpm" <<'END'
#!/bin/sh
# A stand-in that fails where rpm goes back.
case "$*" in
*--test*) ;;
*-Uvh*) echo 'error: no more' >&2 && exit 1 ;;
esac
exec /usr/bin/rpm "$@"
END
chmod +x "$scratch/broken/rpm"
saved=$PATH
PATH=$scratch/broken:$PATH
check rpm-fails/status run 0 rollback
PATH=$saved
check rpm-fails/says-so says '^warning: rpm could not reinstall .* (error: no more); the backup is used'
check rpm-fails/bytes files_are_as_before

# ---- Running VMs are told -------------------------------------------------------------------

install --stock-rpm "$rpms/stock.rpm" "$rpms/new.rpm"
echo running >"$root/var/xapi-stand-in/22222222-0000-4000-8000-000000000000/power-state"
check vms/status run 0 rollback
check vms/says-so says '^warning: these VMs run, and keep their QEMU.*: web, staging$'

# ---- A backup that was tampered with ----------------------------------------------------------

# mend: the backup's manifest fits its checksum again.
mend() { (cd "$backup" && sha256sum manifest >manifest.sha256); }

# tampered NAME TEXT COMMAND...: the backup is not used after that.
tampered() {
    name=$1 text=$2
    shift 2
    rm -rf "$root"
    cp -a "$scratch/installed" "$root"
    "$@"
    refused "tampered/$name" "the backup is damaged: .*$text" rollback
    check "tampered/$name/device" has_device
}
edit() { sed -i "$1" "$backup/manifest"; }
edit_and_mend() { edit "$1" && mend; }
link_file() {
    mv "$backup/files$QEMU" "$scratch/elsewhere"
    ln -s "$scratch/elsewhere" "$backup/files$QEMU"
}
link_directory() {
    rm -rf "$scratch/elsewhere"
    mv "$backup/files/usr/share" "$scratch/elsewhere"
    ln -s "$scratch/elsewhere" "$backup/files/usr/share"
}
flip() {
    touch -r "$backup/files$QEMU" "$scratch/time"
    printf x | dd of="$backup/files$QEMU" bs=1 seek=100 conv=notrunc status=none
    touch -r "$scratch/time" "$backup/files$QEMU"
}

install --stock-rpm "$rpms/stock.rpm" "$rpms/new.rpm"
rm -rf "$scratch/installed"
cp -a "$root" "$scratch/installed"
tampered bytes 'qemu-system-i386 has other contents' flip
tampered size 'bios.bin has another size' sh -c "echo >>'$backup/files/usr/share/qemu/bios.bin'"
tampered mode 'bios.bin has another mode' chmod 4755 "$backup/files/usr/share/qemu/bios.bin"
tampered owner 'bios.bin has another owner' chown 7 "$backup/files/usr/share/qemu/bios.bin"
tampered time 'bios.bin has another time' touch "$backup/files/usr/share/qemu/bios.bin"
tampered missing 'bios.bin is missing' rm "$backup/files/usr/share/qemu/bios.bin"
tampered link 'qemu-system-i386 is no regular file' link_file
tampered linked-directory 'is reached by a symbolic link' link_directory
tampered manifest 'is not the one that .*manifest.sha256 was made of' edit 's/4750/4755/'
tampered no-manifest 'manifest cannot be read' rm "$backup/manifest"
tampered no-checksum 'is not the one that .*manifest.sha256 was made of' rm "$backup/manifest.sha256"
tampered dots 'manifest: line [0-9]* is wrong' edit_and_mend 's,/usr/share/qemu/bios.bin$,/usr/../etc/os-release,'
tampered relative 'manifest: line [0-9]* is wrong' edit_and_mend 's,/usr/share/qemu/bios.bin$,etc/os-release,'
tampered no-header 'manifest: line 1 is wrong' edit_and_mend 1d
tampered more-mode 'qemu-bridge-helper has another mode' edit_and_mend 's/4750/4755/'
tampered rpm 'stock.rpm has other contents' cp "$rpms/update.rpm" "$backup/stock.rpm"
tampered gone 'No such file' rm -r "$backup"
tampered open 'can be written by others' chmod g+w "$backup"
# With the RPM it is not needed.
check tampered/given-rpm/status run 0 rollback --stock-rpm "$rpms/stock.rpm"
check tampered/given-rpm/says-so says '^warning: the backup is damaged and not used'
remember
check tampered/given-rpm/owner [ "$(owner)" = qemu-4.2.1-5.2.15.2.xcpng8.3.x86_64 ]
check tampered/given-rpm/verify rpm_q -V qemu
check tampered/given-rpm/no-device lacks_device

# ---- It is refused --------------------------------------------------------------------------------

fresh
rpm_q -U "$rpms/new.rpm"
refused refused/no-backup 'did not install this QEMU and has no backup' rollback
refused refused/no-file '--stock-rpm .*none.rpm: ' rollback --stock-rpm "$rpms/none.rpm"
refused refused/truncated '--stock-rpm .*truncated.rpm: ' rollback --stock-rpm "$rpms/truncated.rpm"
refused refused/other 'it is another package' rollback --stock-rpm "$rpms/other.rpm"
refused refused/device 'its QEMU has vgpu-stub' rollback --stock-rpm "$rpms/newer.rpm"
refused refused/no-qemu 'cannot unpack' rollback --stock-rpm "$rpms/no-path.rpm"
remember
as_user rollback
check refused/no-root/status [ "$user_status" = 3 ]
check refused/no-root/says-so says 'only root may do this'
check refused/no-root/nothing-changed nothing_changed
check usage/too-much run 2 rollback something
if mkdir -p "$scratch/small" && mount -t tmpfs -o size=60m vgpuctl-test "$scratch/small" 2>"$log"; then
    cp -a "$scratch/installed/." "$scratch/small/"
    saved=$root root=$scratch/small
    mount -o remount,ro "$root"
    refused refused/read-only 'cannot write in .*: Read-only file system' rollback
    umount "$root"
    root=$saved
else
    skip refused/read-only 'file systems cannot be mounted here'
fi

rm -rf "$scratch/installed" "$scratch/elsewhere"
finish
