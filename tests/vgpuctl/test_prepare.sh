#!/bin/sh
# SPDX-License-Identifier: MIT
# `vgpuctl prepare` on checkouts and source RPMs of XCP-ng's shape, with the
# real rpm: what it makes, what it refuses and that it then changes nothing.
# Usage: tests/vgpuctl/test_prepare.sh VGPUCTL DIRECTORY
set -u
vgpuctl=$(realpath "$1")
mkdir -p "$2"
scratch=$(realpath "$2")
suite=vgpuctl/prepare
rm -rf "${scratch:?}"/*
. tests/vgpuctl/checks.sh
. tests/vgpuctl/tiny-qemu.sh

tiny_rpm_home
TMPDIR=$scratch/tmp
export TMPDIR
watched=$scratch/watched
mkdir -p "$TMPDIR" "$watched"
good=$scratch/good
tiny_checkout "$good"
chmod 640 "$good/SOURCES/fuzzy.patch"
touch -d '2020-02-02 02:02:02' "$good/SOURCES/fuzzy.patch" "$good/SPECS/qemu.spec"
files='SPECS/qemu.spec SOURCES/qemu-4.2.1.tar.gz SOURCES/keycodemapdb-22b8.tar.gz
SOURCES/0001-say-more.patch SOURCES/fuzzy.patch'
top=$watched/rpmbuild

# bad NAME: a copy of the good checkout to spoil, in $bad.
bad() {
    bad=$watched/$1
    cp -a "$good" "$bad"
}

# has_tree TOPDIR: everything that the spec names is there as in the checkout.
has_tree() {
    for directory in BUILD BUILDROOT RPMS SOURCES SPECS SRPMS; do
        [ -d "$1/$directory" ] || { echo "# no $directory"; return 1; }
    done
    for file in $files; do
        cmp "$good/$file" "$1/$file" || return 1
    done
    [ "$(find "$1" -type f ! -name '.vgpuctl-*' | wc -l)" = 5 ]
}

# ---- What it makes ------------------------------------------------------------

picture "$watched" >"$scratch/before"
run prepare --dry-run --topdir "$top" "$good"
sed -n 's/^would //p' "$out" >"$scratch/would"
picture "$watched" >"$scratch/after"
exits 0 && cmp "$scratch/before" "$scratch/after"
result dry-run/changes-nothing $?

run prepare --topdir "$top" "$good"
exits 0 && has_tree "$top" && says "$out" "next: vgpuctl integrate --topdir $top"
result checkout $?
sed -n 's/^  \([a-z]* *\/\)/\1/p' "$out" | cmp - "$scratch/would" &&
    [ "$(grep -c '^copy' "$scratch/would")" = 5 ]
result dry-run/prints-what-a-run-does $?
[ "$(stat -c '%a %Y' "$top/SOURCES/fuzzy.patch")" = \
    "$(stat -c '%a %Y' "$good/SOURCES/fuzzy.patch")" ] &&
    [ "$(stat -c %a "$top/SOURCES/fuzzy.patch")" = 640 ]
result modes-and-times $?

mkdir "$scratch/default"
(cd "$scratch/default" && "$vgpuctl" prepare "$good") >"$out" 2>"$err" &&
    has_tree "$scratch/default/rpmbuild"
result default-topdir $?

picture "$top" >"$scratch/before"
run prepare --topdir "$top" "$good"
picture "$top" >"$scratch/after"
exits 0 && says "$out" "5 files are already there" &&
    cmp "$scratch/before" "$scratch/after"
result again/changes-nothing $?

rm "$top/SOURCES/fuzzy.patch"
echo damaged >"$top/SOURCES/0001-say-more.patch"
run prepare --topdir "$top" "$good"
exits 0 && has_tree "$top" && says "$out" "3 files are already there"
result again/mends-what-is-missing $?

TINY_DEVICE=1 tiny_spec >"$top/SPECS/qemu.spec"
run prepare --topdir "$top" "$good"
exits 0 && says "$out" "was changed since it was prepared: left as it is" &&
    grep -q vgpu-stub "$top/SPECS/qemu.spec"
result again/keeps-an-integrated-spec $?

bad other-spec
TINY_RELEASE=5.2.16 tiny_spec >"$bad/SPECS/qemu.spec"
refused another-spec 3 "has another SPECS/qemu.spec" "--force" \
    prepare --topdir "$top" "$bad"
run prepare --force --topdir "$top" "$bad"
exits 0 && cmp "$bad/SPECS/qemu.spec" "$top/SPECS/qemu.spec"
result another-spec/force $?
mkdir -p "$watched/foreign/SPECS"
echo "Name: linux" >"$watched/foreign/SPECS/linux.spec"
refused foreign-spec 3 "has another spec: SPECS/linux.spec" "--force" \
    prepare --topdir "$watched/foreign" "$good"

# ---- A source RPM ---------------------------------------------------------------

srpm=$(rpmbuild --define "_topdir $good" --define "_srcrpmdir $scratch/srpm" \
    -bs "$good/SPECS/qemu.spec" 2>/dev/null | sed -n 's/^Wrote: //p')
run prepare --topdir "$watched/from-srpm" "$srpm"
exits 0 && has_tree "$watched/from-srpm"
result source-rpm $?
exits 0 && [ -z "$(ls -A "$TMPDIR")" ]
result source-rpm/nothing-left-behind $?

head -c $(($(stat -c %s "$srpm") - 2000)) "$srpm" >"$watched/short.src.rpm"
refused source-rpm/truncated 3 "rpm cannot unpack" "get it again" \
    prepare --topdir "$watched/none" "$watched/short.src.rpm"
echo "no RPM" >"$watched/text.src.rpm"
refused source-rpm/none 3 "is no RPM" "source RPM" \
    prepare --topdir "$watched/none" "$watched/text.src.rpm"
refused source-rpm/binary 3 "is a binary RPM" "qemu-*.src.rpm" \
    prepare --topdir "$watched/none" "$(tiny_package tiny-other)"

# ---- What it refuses ------------------------------------------------------------------

bad pointers
tiny_pointer "$bad/SOURCES/qemu-4.2.1.tar.gz" 28870001
tiny_pointer "$bad/SOURCES/keycodemapdb-22b8.tar.gz" 31000
qemu_size=$(stat -c %s "$bad/SOURCES/qemu-4.2.1.tar.gz")
refused lfs/both 3 "Git LFS pointers" \
    "git-lfs has to be installed before the clone; for this one: yum install git-lfs, then cd $bad && git lfs install && git lfs pull" \
    prepare --topdir "$watched/none" "$bad"
says "$err" "qemu-4.2.1.tar.gz ($qemu_size bytes)" "keycodemapdb-22b8.tar.gz (" &&
    [ "$qemu_size" = 133 ]
result lfs/names-and-sizes $?
bad pointer-patch
tiny_pointer "$bad/SOURCES/fuzzy.patch" 500
refused lfs/patch 3 "fuzzy.patch (" "git lfs pull" \
    prepare --topdir "$watched/none" "$bad"

# archive NAME TEXT: what was made of a Source0 is refused with TEXT.
archive() {
    refused "archive/$1" 3 "in $bad/SOURCES: qemu-4.2.1.tar.gz $2" "git lfs fsck" \
        prepare --topdir "$watched/none" "$bad"
}
bad truncated
truncate -s -200 "$bad/SOURCES/qemu-4.2.1.tar.gz"
archive truncated "is truncated"
bad damaged
printf 'XXXX' | dd of="$bad/SOURCES/qemu-4.2.1.tar.gz" bs=1 seek=600 conv=notrunc 2>/dev/null
archive damaged "is damaged"
bad page
echo "<html>Not found</html>" >"$bad/SOURCES/qemu-4.2.1.tar.gz"
archive web-page "is not a tar archive"
bad empty
: >"$bad/SOURCES/qemu-4.2.1.tar.gz"
archive empty "is empty"
bad misnamed
gzip -dc "$good/SOURCES/qemu-4.2.1.tar.gz" | xz >"$bad/SOURCES/qemu-4.2.1.tar.gz"
archive misnamed "is not compressed as its name says"

bad no-source
rm "$bad/SOURCES/keycodemapdb-22b8.tar.gz" "$bad/SOURCES/fuzzy.patch"
refused missing 3 "keycodemapdb-22b8.tar.gz, fuzzy.patch" "git checkout -- SOURCES" \
    prepare --topdir "$watched/none" "$bad"
bad old
TINY_VERSION=2.10.2 tiny_spec >"$bad/SPECS/qemu.spec"
refused too-old 3 "QEMU 2.10.2 is out of scope" "XCP-ng 8.2 or 8.3" \
    prepare --topdir "$watched/none" "$bad"
bad other-package
sed -i 's/^Name: .*/Name: linux/' "$bad/SPECS/qemu.spec"
refused other-package 3 "a package 'linux', not for qemu" "XCP-ng's qemu.spec" \
    prepare --topdir "$watched/none" "$bad"
bad broken
sed -i 's/^License: .*/Licence: GPL/' "$bad/SPECS/qemu.spec"
refused broken-spec 3 "rpmspec does not understand" "qemu.spec of XCP-ng" \
    prepare --topdir "$watched/none" "$bad"
says "$err" "Unknown tag: Licence: GPL"
result broken-spec/says-why $?
mkdir "$watched/nothing"
refused no-spec 3 "$watched/nothing has no SPECS/qemu.spec" "checkout" \
    prepare --topdir "$watched/none" "$watched/nothing"
refused no-source-at-all 3 "no directory and no file: $watched/absent" "checkout" \
    prepare --topdir "$watched/none" "$watched/absent"
refused no-argument 2 "one SOURCE, not 0" "--help" prepare
refused space-in-path 3 "cannot be built in a path with ' '" "another --topdir" \
    prepare --topdir "$watched/a tree" "$good"
refused topdir-is-a-file 3 "is no directory" "another --topdir" \
    prepare --topdir "$watched/text.src.rpm" "$good"
mkdir "$scratch/bin"
for tool in sh rm tar gzip; do
    ln -s "$(command -v $tool)" "$scratch/bin/"
done
path=$PATH
PATH=$scratch/bin
export PATH
status=0
"$vgpuctl" prepare --topdir "$watched/none" "$good" >"$out" 2>"$err" || status=$?
PATH=$path
exits 3 && says "$err" "rpmspec is not installed" "yum install rpm-build" &&
    [ ! -e "$watched/none" ]
result no-rpmspec $?

# ---- File systems --------------------------------------------------------------------------

if can_mount; then
    status=0
    # shellcheck disable=SC2016
    unshare -m sh -c 'mount -t tmpfs -o size=64k none /mnt && mkdir /mnt/a &&
        "$1" prepare --topdir /mnt/a/rpmbuild "$2"; s=$?; ls -A /mnt/a; exit $s' \
        sh "$vgpuctl" "$good" >"$out" 2>"$err" || status=$?
    exits 3 && says "$err" "no room in /mnt/a" "make room" &&
        ! grep -q '^rpmbuild$' "$out"
    result full-disk $?
    status=0
    # shellcheck disable=SC2016
    unshare -m sh -c 'mount -t tmpfs -o ro none /mnt &&
        "$1" prepare --topdir /mnt/rpmbuild "$2"' \
        sh "$vgpuctl" "$good" >"$out" 2>"$err" || status=$?
    exits 1 && says "$err" "Read-only file system" "mount the file system read-write"
    result read-only $?
else
    skip full-disk "a mount namespace needs root"
    skip read-only "a mount namespace needs root"
fi

# ---- What is missing for the build ------------------------------------------------------------

bad needs
TINY_NEEDS='tiny-python3-devel tiny-libaio-devel, tiny-glib2-devel >= 2.0' \
    tiny_spec >"$bad/SPECS/qemu.spec"
run prepare --topdir "$watched/needs" "$bad"
exits 0 && says "$out" "packages are missing for a build on this machine" \
    "in XCP-ng's build container (xcp-ng-build-env) or in a CentOS-7-based VM, not in dom0" &&
    grep -q '^yum install tiny-glib2-devel tiny-jemalloc-devel tiny-libaio-devel tiny-python3-devel' "$out"
result packages/all-missing $?
grep '^yum install' "$out" >"$scratch/yum" && ! grep -q rpm-build "$scratch/yum"
result packages/not-what-is-there $?

for package in tiny-glib2-devel tiny-libaio-devel; do
    rpm -i --justdb --nodeps "$(tiny_package $package)" >"$out" 2>&1
done
run prepare --topdir "$watched/needs" "$bad"
exits 0 && grep -q '^yum install tiny-jemalloc-devel tiny-python3-devel' "$out"
result packages/some-installed $?
run prepare --json --topdir "$watched/needs" "$bad"
exits 0 && says "$out" '"missing_packages" : "tiny-jemalloc-devel tiny-python3-devel'
result packages/json $?

mkdir -p "$scratch/dom0/etc"
echo "PRODUCT_BRAND='XCP-ng'" >"$scratch/dom0/etc/xensource-inventory"
cd "$scratch" || exit 1
run prepare --root "$scratch/dom0" --topdir relative "$bad"
exits 0 && says "$out" "this is a dom0" "no RPM database" \
    "next: vgpuctl integrate --root $scratch/dom0 --topdir relative" &&
    grep -q '^yum install .*tiny-glib2-devel.* make rpm-build git-lfs$' "$out" &&
    [ "$(find "$scratch/dom0" -type f)" = "$scratch/dom0/etc/xensource-inventory" ]
result dom0 $?
finish
