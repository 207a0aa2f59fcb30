#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl integrate on rpmbuild trees and QEMU trees: what it writes, that undo
# leaves the same bytes, and that a refusal changes nothing. Where rpmbuild is,
# the edited specs go through it. Prints TAP.
# Usage: tests/vgpuctl/test_integrate.sh VGPUCTL DIRECTORY
set -eu

vgpuctl=$(realpath "$1") directory=$2
specs=$(realpath tests/vgpuctl/specs)
rm -rf "$directory"
mkdir -p "$directory"
cd "$directory"
directory=$(pwd)
top=$directory/rpmbuild
tree=$directory/qemu
device=$top/SOURCES/vgpu-stub.c
log=$directory/log
export SOURCE_DATE_EPOCH=1770076800
number=0

ok() {
    number=$((number + 1))
    echo "ok $number /integrate/$1"
}

not_ok() {
    number=$((number + 1))
    sed 's/^/# /' "$log"
    echo "# $2"
    echo "not ok $number /integrate/$1"
}

# check NAME COMMAND...: ok when the command succeeds.
check() {
    name=$1
    shift
    if "$@" >>"$log" 2>&1; then
        ok "$name"
    else
        not_ok "$name" "failed: $*"
    fi
}

# An rpmbuild tree with one of the specs, and a picture of it.
fresh() {
    rm -rf "$top" before
    mkdir -p "$top/SPECS" "$top/SOURCES"
    cp "$specs/$1.spec" "$top/SPECS/qemu.spec"
    : >"$log"
    cp -r "$top" before
}

# A QEMU tree of a version, with the parts that count, and a picture of it.
fresh_tree() {
    rm -rf "$tree" before
    mkdir -p "$tree/hw/misc" "$tree/ui/keycodemapdb/tools"
    echo "$1" >"$tree/VERSION"
    echo map >"$tree/ui/keycodemapdb/tools/keymap-gen"
    printf '%b' "$3" >"$tree/hw/misc/$2"
    : >"$log"
    cp -r "$tree" before
}

unchanged() {
    diff -r before "$1"
}

run() {
    "$vgpuctl" integrate "$@" >>"$log" 2>&1
}

says() {
    grep -qF -e "$1" "$log"
}

# refused NAME STATUS TEXT ARGUMENT...: exits with the status, says the text in
# one line on stderr, and changes nothing in the trees.
refused() {
    name=$1 status=$2 text=$3
    shift 3
    got=0
    "$vgpuctl" integrate "$@" >"$log" 2>err || got=$?
    lines=$(grep -c '^vgpuctl integrate: ' err || true)
    cat err >>"$log"
    if [ "$got" != "$status" ]; then
        not_ok "$name" "exits with $got, not $status"
    elif [ "$lines" != 1 ]; then
        not_ok "$name" "$lines problems, not one"
    elif ! grep -qF -e "$text" err; then
        not_ok "$name" "does not say: $text"
    elif ! unchanged "$what" >>"$log"; then
        not_ok "$name" "it changed something"
    else
        ok "$name"
    fi
}

# ---- The spec: there and back ------------------------------------------------------

for form in autosetup moved-keycodemapdb setup-patch meson-softmmu meson-system; do
    fresh $form
    run --topdir "$top" --dry-run || true
    check "$form/dry-run-changes-nothing" unchanged "$top"
    check "$form/dry-run-says-it" says "would write  $top/SPECS/qemu.spec"
    : >"$log"
    check "$form/integrates" run --topdir "$top"
    check "$form/has-the-source" grep -q '^Source[0-9]*: vgpu-stub.c$' "$top/SPECS/qemu.spec"
    check "$form/has-the-device" grep -q '"vgpu-stub"' "$device"
    rm -rf once
    cp -rp "$top" once
    : >"$log"
    run --topdir "$top" || true
    check "$form/again-says-so" says "already integrated: $top/SPECS/qemu.spec"
    check "$form/again-changes-nothing" diff -r once "$top"
    check "$form/undoes" run --topdir "$top" --undo
    check "$form/undo-is-exact" unchanged "$top"
    : >"$log"
    check "$form/undoes-again" run --topdir "$top" --undo
    check "$form/undo-again-says-so" says "nothing to undo: "
done

# ---- The device's file --------------------------------------------------------------

fresh autosetup
echo 'int own = sizeof("vgpu-stub");' >own.c
check device/own run --topdir "$top" --device own.c
check device/own-is-used cmp own.c "$device"
cp "$top/SPECS/qemu.spec" once.spec
check device/refreshed run --topdir "$top"
check device/carried-is-used grep -q vgpu_stub_realize "$device"
check device/spec-stays cmp once.spec "$top/SPECS/qemu.spec"
rm "$device"
check device/missing run --topdir "$top"
check device/written-again test -s "$device"

# As after a run that was killed before it wrote the spec.
fresh autosetup
run --topdir "$top" && cp "$device" carried.c
fresh autosetup
cp carried.c "$device"
check killed/undo run --topdir "$top" --undo
check killed/nothing-left unchanged "$top"
cp carried.c "$device"
check killed/next-run run --topdir "$top"
check killed/finished grep -q '^Source3: vgpu-stub.c' "$top/SPECS/qemu.spec"

# ---- Integrated by hand --------------------------------------------------------------

for form in by-hand-3 by-hand-9999; do
    fresh $form
    echo 'char *old = "vgpu-stub";' >"$device"
    check $form/taken run --topdir "$top"
    check $form/says-so says "integrated by hand (Source${form##*-}: vgpu-stub.c)"
    check $form/spec-stays cmp "$specs/$form.spec" "$top/SPECS/qemu.spec"
    check $form/device-refreshed cmp carried.c "$device"
    rm -rf before
    cp -r "$top" before
    what=$top
    refused $form/undo 3 "was integrated by hand: what it was before is not known" \
        --topdir "$top" --undo
done

# ---- Warnings --------------------------------------------------------------------------

fresh meson-softmmu
run --topdir "$top" || true
check warning/werror says "says --disable-werror: with it a faulty device builds silently"
check warning/werror-left-alone grep -q -e '--disable-werror' "$top/SPECS/qemu.spec"
check warning/epoch says "has no Epoch of 2 or more"
fresh autosetup
run --topdir "$top" || true
if says warning:; then
    not_ok warning/none "a warning for a good spec"
else
    ok warning/none
fi

# ---- The changelog ------------------------------------------------------------------------

entry='Nové <n@example.org> - 4.2.1-5.2.15.2.0.vgpu.1'
fresh autosetup
check changelog/packager env LC_ALL=C "$vgpuctl" integrate --topdir "$top" \
    --packager 'Nové <n@example.org>'
check changelog/entry grep -qxF "* Tue Feb 03 2026 $entry" "$top/SPECS/qemu.spec"
fresh autosetup
mkdir -p home
echo '%packager From Macros <m@example.org>' >home/.rpmmacros
if command -v rpm >/dev/null; then
    check changelog/rpm env HOME="$directory/home" "$vgpuctl" integrate --topdir "$top"
    check changelog/rpm-entry grep -q '2026 From Macros <m@example.org> - 4' "$top/SPECS/qemu.spec"
fi
fresh autosetup
rm home/.rpmmacros
check changelog/default env HOME="$directory/home" "$vgpuctl" integrate --topdir "$top"
check changelog/default-entry grep -q '2026 vgpuctl <root@localhost> - 4' "$top/SPECS/qemu.spec"

# ---- Files --------------------------------------------------------------------------------

fresh autosetup
mkdir -p checkout
mv "$top/SPECS/qemu.spec" checkout/qemu.spec
ln -s ../../checkout/qemu.spec "$top/SPECS/qemu.spec"
chmod 640 checkout/qemu.spec
check link/integrates run --topdir "$top"
check link/stays test -L "$top/SPECS/qemu.spec"
check link/target-edited grep -q '^Source3: vgpu-stub.c' checkout/qemu.spec
check link/mode test "$(stat -c %a checkout/qemu.spec)" = 640
check link/undo run --topdir "$top" --undo
check link/undo-exact cmp "$specs/autosetup.spec" checkout/qemu.spec

fresh autosetup
check default-topdir run
check json sh -c "'$vgpuctl' integrate --json | grep -q '\"source\" : \"Source3\"'"

# A write that fails: the spec cannot be replaced, so the device goes again.
if [ "$(id -u)" = 0 ]; then
    as_user="setpriv --reuid=65534 --regid=65534 --clear-groups"
    fresh autosetup
    chmod a+rwx "$top/SOURCES"
    got=0
    # Below a directory that only root may enter there is nothing to test.
    if $as_user test -r "$top/SPECS/qemu.spec" 2>/dev/null; then
        $as_user "$vgpuctl" integrate --topdir "$top" >"$log" 2>&1 || got=$?
        check write-fails/status test $got = 1
        check write-fails/says-so says "cannot write $top/SPECS/qemu.spec"
        check write-fails/put-back unchanged "$top"
    else
        for name in status says-so put-back; do
            ok "write-fails/$name # SKIP only root may enter $directory: give another"
        done
    fi
else
    for name in status says-so put-back; do
        ok "write-fails/$name # SKIP needs root, to become somebody else"
    done
fi

# ---- Refusals: rpmbuild trees ---------------------------------------------------------------

what=$top
fresh too-old
refused too-old 3 "QEMU 2.10.2 is too old: XCP-ng 8.1 and older are out of scope" --topdir "$top"
refused too-old/undo 3 "QEMU 2.10.2 is too old" --topdir "$top" --undo

# refused_spec NAME TEXT SED-SCRIPT: with the spec of 8.3, changed.
refused_spec() {
    fresh autosetup
    sed "$3" "$specs/autosetup.spec" >"$top/SPECS/qemu.spec"
    rm -rf before
    cp -r "$top" before
    refused "$1" 3 "$2" --topdir "$top"
}
refused_spec spec/name "the spec is of 'xen', not of qemu" 's/^Name: qemu/Name: xen/'
refused_spec spec/prep "the spec has 0 %prep and 1 %build, not one each" '/^%prep/d'
refused_spec spec/build "the spec has 1 %prep and 0 %build, not one each" '/^%build/d'
refused_spec spec/version "the spec has 0 Version: lines, not one" '/^Version/d'
refused_spec spec/source "the spec has no Source line" '/^Source/d'
refused_spec spec/nul "the spec has NUL bytes: it is no text" 's/Ours/\x00/'
refused_spec spec/utf-8 "the spec is not UTF-8" 's/Ours/\xff/'
refused_spec spec/dos "the spec has DOS line ends" 's/$/\r/'
refused_spec spec/half-marked "the spec has vgpuctl's marks, but not all of them" \
    '/^Source2/a # vgpuctl: begin source'
refused_spec spec/half-by-hand "no line in %prep that copies it" '/^Source2/a Source3: vgpu-stub.c'

fresh autosetup
run --topdir "$top"
sed -i '/^# vgpuctl: end prep/d' "$top/SPECS/qemu.spec"
rm -rf before
cp -r "$top" before
refused spec/undo-half 3 "it was edited since" --topdir "$top" --undo

fresh autosetup
head -c 1100000 /dev/zero | tr '\0' '\n' >>"$top/SPECS/qemu.spec"
rm -rf before
cp -r "$top" before
refused spec/large 3 "the spec is larger than 1024 KiB" --topdir "$top"

fresh autosetup
: >"$top/SPECS/qemu.spec"
: >before/SPECS/qemu.spec
refused spec/empty 3 "the spec is empty" --topdir "$top"
rm "$top/SPECS/qemu.spec" before/SPECS/qemu.spec
refused spec/missing 3 "cannot read $top/SPECS/qemu.spec: No such file" --topdir "$top"
mkdir "$top/SPECS/qemu.spec" before/SPECS/qemu.spec
refused spec/directory 3 "qemu.spec: it is no regular file" --topdir "$top"
fresh autosetup
rmdir "$top/SOURCES" before/SOURCES
refused spec/no-sources 3 "is no rpmbuild tree: it has no SOURCES" --topdir "$top"

fresh autosetup
echo mine >"$device"
echo mine >before/SOURCES/vgpu-stub.c
refused device/other 3 "vgpu-stub.c is there already and is another file" --topdir "$top"
fresh autosetup
echo 'version https://git-lfs.github.com/spec/v1' >pointer
refused device/pointer 3 "--device pointer is not the device's source" \
    --topdir "$top" --device pointer
refused device/none 3 "cannot read --device none.c: No such file" \
    --topdir "$top" --device none.c
refused device/directory 3 "cannot read --device before: it is no regular file" \
    --topdir "$top" --device before

# ---- Refusals: the command line ------------------------------------------------------------

refused line/both 2 "--topdir and --tree exclude each other" --topdir "$top" --tree "$tree"
refused line/word 2 "not an option: more" --topdir "$top" more
refused line/unknown 2 "Unknown option --hard" --hard
refused line/packager 2 "--packager does not fit a changelog" --topdir "$top" \
    --packager "$(printf 'a\n* b')"
SOURCE_DATE_EPOCH=soon
refused line/date 2 "SOURCE_DATE_EPOCH is no number of seconds: soon" --topdir "$top"
SOURCE_DATE_EPOCH=1770076800

# ---- QEMU trees --------------------------------------------------------------------------

device=$tree/hw/misc/vgpu-stub.c
# tree NAME VERSION BUILD-FILE TEXT LINE
tree() {
    fresh_tree "$2" "$3" "$4"
    check "tree/$1/dry-run" run --tree "$tree" --dry-run
    check "tree/$1/dry-run-changes-nothing" unchanged "$tree"
    check "tree/$1/integrates" run --tree "$tree"
    check "tree/$1/line" test "$(grep -cxF -e "$5" "$tree/hw/misc/$3")" = 1
    check "tree/$1/line-is-last" test "$(tail -n 1 "$tree/hw/misc/$3")" = "$5"
    check "tree/$1/device" cmp carried.c "$device"
    rm -rf once
    cp -r "$tree" once
    : >"$log"
    check "tree/$1/again" run --tree "$tree"
    check "tree/$1/again-says-so" says "already integrated: $tree/hw/misc/$3"
    check "tree/$1/again-changes-nothing" diff -r once "$tree"
    check "tree/$1/undoes" run --tree "$tree" --undo
    check "tree/$1/undo-is-exact" unchanged "$tree"
    check "tree/$1/undoes-again" run --tree "$tree" --undo
    check "tree/$1/nothing-to-undo" says "nothing to undo: "
}
tree 4.2 4.2.1 Makefile.objs 'common-obj-y += a.o\n' 'obj-y += vgpu-stub.o'
tree no-newline 4.2.1 Makefile.objs 'common-obj-y += a.o' 'obj-y += vgpu-stub.o'
tree 5.1 5.1.0 Makefile.objs 'common-obj-y += a.o\n' 'obj-y += vgpu-stub.o'
tree 5.2 5.2.0 meson.build "softmmu_ss.add(files('a.c'))\n" "softmmu_ss.add(files('vgpu-stub.c'))"
tree 7.2 7.2.5 meson.build "softmmu_ss.add(files('a.c'))\n" "softmmu_ss.add(files('vgpu-stub.c'))"
tree git-8.0.50 8.0.50 meson.build "system_ss.add(files('a.c'))\n" "system_ss.add(files('vgpu-stub.c'))"
tree 10.0 10.0.3 meson.build "system_ss.add(files('a.c'))\n" "system_ss.add(files('vgpu-stub.c'))"

what=$tree
plain="system_ss.add(files('a.c'))\n"
fresh_tree 10.0.0 meson.build "$plain"
for directory_ in "$tree" before; do
    mkdir -p "$directory_/subprojects"
    mv "$directory_/ui/keycodemapdb" "$directory_/subprojects/"
done
check tree/subproject run --tree "$tree"
check tree/subproject-undo run --tree "$tree" --undo
check tree/subproject-undo-exact unchanged "$tree"

fresh_tree 4.2.1 Makefile.objs 'a\n'
rm -r "$tree/ui" before/ui
refused tree/keycodemapdb 3 "has no ui/keycodemapdb/tools/keymap-gen" --tree "$tree"
mkdir "$tree/.git" before/.git
check tree/git-keycodemapdb run --tree "$tree"
check tree/git-keycodemapdb-warns says "warning: no keycodemapdb in $tree"

fresh_tree 4.2.1 Makefile.objs 'obj-y += vgpu-stub.o\nvgpu-stub.o-cflags := -O0\n'
echo old >"$device"
check tree/by-hand run --tree "$tree"
check tree/by-hand-says-so says "integrated by hand: "
check tree/by-hand-build-file cmp before/hw/misc/Makefile.objs "$tree/hw/misc/Makefile.objs"
check tree/by-hand-device cmp carried.c "$device"
cp carried.c before/hw/misc/vgpu-stub.c
refused tree/by-hand-undo 3 "names vgpu-stub in lines that vgpuctl did not add" \
    --tree "$tree" --undo

fresh_tree 4.2.1 Makefile.objs 'a\n'
echo mine >"$device"
echo mine >before/hw/misc/vgpu-stub.c
refused tree/other-device 3 "vgpu-stub.c is there already and is another file" --tree "$tree"
fresh_tree 4.2.1 Makefile.objs 'a\n'
rm "$tree/hw/misc/Makefile.objs" before/hw/misc/Makefile.objs
refused tree/no-build-file 3 "cannot read $tree/hw/misc/Makefile.objs: No such file" --tree "$tree"
fresh_tree 7.2.0 meson.build 'other_ss.add()\n'
refused tree/odd-meson 3 "neither system_ss nor softmmu_ss in it" --tree "$tree"
fresh_tree 2.10.2 Makefile.objs 'a\n'
refused tree/too-old 3 "QEMU 2.10.2 is too old: the device needs 4.2 or later" --tree "$tree"
fresh_tree new Makefile.objs 'a\n'
refused tree/odd-version 3 "VERSION does not begin with a version number" --tree "$tree"
rm "$tree/VERSION" before/VERSION
refused tree/no-version 3 "is no QEMU tree: it has no VERSION file" --tree "$tree"
refused tree/none 3 "is no QEMU tree" --tree "$directory/none"

# ---- Through rpmbuild ----------------------------------------------------------------------

# QEMU's source archive, as far as %prep looks at it. $1: version; $2: its build
# file; $3: where the keycodemapdb archive unpacks to, or "in" the tree itself.
archives() {
    rm -rf "qemu-$1" keycodemapdb-0 ui
    mkdir -p "qemu-$1/hw/misc" "qemu-$1/ui" "$3/tools"
    echo '# here' >"qemu-$1/hw/misc/$2"
    echo map >"$3/tools/keymap-gen"
    tar czf "$top/SOURCES/qemu-$1.tar.gz" "qemu-$1"
    if [ -d "${3%%/*}" ] && [ "${3%%/*}" != "qemu-$1" ]; then
        tar czf "$top/SOURCES/keycodemapdb-0.tar.gz" "${3%%/*}"
    fi
    for patch in first second; do
        printf -- '--- /dev/null\n+++ b/%s\n@@ -0,0 +1 @@\n+%s\n' $patch $patch >"$top/SOURCES/$patch.patch"
    done
    touch "$top/SOURCES/helper.py" "$top/SOURCES/tools.conf"
}

prep() {
    rpmbuild --nodeps --define "_topdir $top" -bp "$top/SPECS/qemu.spec" >"$log" 2>&1
}

if ! command -v rpmbuild >/dev/null || ! command -v patch >/dev/null; then
    ok "rpmbuild # SKIP no rpmbuild and patch here: install the packages rpm and patch"
    echo "1..$number"
    exit 0
fi

# built NAME SPEC VERSION BUILD-FILE KEYCODEMAPDB LINE
built() {
    fresh "$2"
    archives "$3" "$4" "$5"
    run --topdir "$top" || true
    check "rpmbuild/$1" prep
    built_file=$(find "$top/BUILD" -path "*/hw/misc/$4")
    check "rpmbuild/$1-line" test "$(cat "$built_file")" = "# here
$6"
    check "rpmbuild/$1-device" cmp carried.c "${built_file%/*}/vgpu-stub.c"
    rpmspec -q --srpm --qf '[%{changelogname}\n%{changelogtext}\n]' "$top/SPECS/qemu.spec" >"$log" 2>&1 || true
    check "rpmbuild/$1-changelog" sh -c "head -n 2 '$log' | tail -n 1 |
        grep -q '^- Add the vgpu-stub device'"
}
built autosetup autosetup 4.2.1 Makefile.objs ui/keycodemapdb 'obj-y += vgpu-stub.o'
built moved moved-keycodemapdb 4.2.1 Makefile.objs keycodemapdb-0 'obj-y += vgpu-stub.o'
fresh setup-patch
archives 4.2.1 Makefile.objs qemu-4.2.1/ui/keycodemapdb
if prep; then
    built setup-patch setup-patch 4.2.1 Makefile.objs qemu-4.2.1/ui/keycodemapdb 'obj-y += vgpu-stub.o'
else
    ok "rpmbuild/setup-patch # SKIP this rpm has no %patchN: needs rpm before 4.20"
fi
built softmmu meson-softmmu 7.2.5 meson.build qemu-7.2.5/ui/keycodemapdb \
    "softmmu_ss.add(files('vgpu-stub.c'))"
built system meson-system 10.1.0 meson.build qemu-10.1.0/subprojects/keycodemapdb \
    "system_ss.add(files('vgpu-stub.c'))"

# The release: above the stock one, below the next official one.
release_of() {
    rpmspec -q --srpm --define 'dist .xcpng8.3' --qf '%{epoch}:%{version}-%{release}' "$1"
}
fresh autosetup
stock=$(release_of "$top/SPECS/qemu.spec")
run --topdir "$top"
ours=$(release_of "$top/SPECS/qemu.spec")
check rpmbuild/stock test "$stock" = 2:4.2.1-5.2.15.2.xcpng8.3
check rpmbuild/release test "$ours" = 2:4.2.1-5.2.15.2.0.vgpu.1.xcpng8.3
order() {
    rpm --eval "%{lua:print(rpm.vercmp('${1#*-}', '${2#*-}'))}"
}
check rpmbuild/above-stock test "$(order "$ours" "$stock")" = 1
check rpmbuild/below-next test "$(order "$ours" 2:4.2.1-5.2.15.3.xcpng8.3)" = -1

# What goes wrong in %prep is said by the block.
fresh autosetup
archives 4.2.1 Makefile.objs other/place
run --topdir "$top"
if prep; then
    not_ok rpmbuild/no-keymap-gen "it built"
else
    check rpmbuild/no-keymap-gen says \
        "vgpu-stub: no ui/keycodemapdb/tools/keymap-gen: unpack the keycodemapdb source"
fi
fresh autosetup
archives 4.2.1 meson.build ui/keycodemapdb
run --topdir "$top"
if prep; then
    not_ok rpmbuild/wrong-tree "it built"
else
    check rpmbuild/wrong-tree says "the prep section has to end in the tree of QEMU 4.2"
fi

echo "1..$number"
