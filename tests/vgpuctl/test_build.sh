#!/bin/sh
# SPDX-License-Identifier: MIT
# `vgpuctl build` with the real rpmbuild, patch, gcc and make on a small tree of
# QEMU's shape: the package, and each failure as it really happens.
# Usage: tests/vgpuctl/test_build.sh VGPUCTL DIRECTORY
set -u
vgpuctl=$(realpath "$1")
mkdir -p "$2"
scratch=$(realpath "$2")
suite=vgpuctl/build
rm -rf "${scratch:?}"/*
. tests/vgpuctl/checks.sh
. tests/vgpuctl/tiny-qemu.sh

tiny_rpm_home
TINY_DEVICE=1
tree=$scratch/tree
rpms=RPMS/$(uname -m)

# tree NAME: an rpmbuild tree with the device in it, in $top, to be spoiled by
# in_tree, in_spec and what else a test does to it.
tree() {
    top=$tree/$1
    log=$top/vgpuctl-build.log
    watched=$top
    mkdir -p "$top/BUILD" "$top/RPMS"
    tiny_checkout "$top"
    tiny_device "$top/SOURCES/vgpu-stub.c"
}

# in_tree COMMAND...: runs it in the source tree and packs that again.
in_tree() {
    (cd "$tiny_work/qemu-4.2.1" && "$@")
    tar -C "$tiny_work" -czf "$top/SOURCES/qemu-4.2.1.tar.gz" qemu-4.2.1
}

in_spec() {
    sed -i "$1" "$top/SPECS/qemu.spec"
    sed -n "$2" "$top/SPECS/qemu.spec" | grep -q . || echo "# the spec is unchanged"
}

# fails NAME CAUSE TEXT REMEDY LINE [ARGUMENT...]: the build of $top fails for
# CAUSE, says TEXT and REMEDY, and shows LINE of the log.
fails() {
    fails_name=$1 fails_cause=$2 fails_text=$3 fails_remedy=$4 fails_line=$5
    shift 5
    fails_status=0
    run build --json --topdir "$top" "$@"
    says "$out" "\"cause\" : \"$fails_cause\"" || fails_status=1
    run build --topdir "$top" "$@"
    exits 1 || fails_status=1
    grep '^vgpuctl build: the build failed: ' "$err" >"$scratch/problem" || :
    grep '^  remedy: ' "$err" >"$scratch/remedy" || :
    grep "^$log:[0-9]*: " "$out" >"$scratch/line" || :
    says "$scratch/problem" "$fails_text" || fails_status=1
    says "$scratch/remedy" "$fails_remedy" || fails_status=1
    says "$scratch/line" "$fails_line" || fails_status=1
    says "$out" "the whole log: $log" || fails_status=1
    # The line is where it is said to be.
    fails_number=$(sed -n "s|^$log:\([0-9]*\): .*|\1|p" "$scratch/line")
    sed -n "${fails_number:-1}p" "$log" >"$scratch/line"
    says "$scratch/line" "$fails_line" || fails_status=1
    [ $fails_status = 0 ] || tail -n 15 "$log" | sed 's/^/# log: /'
    result "$fails_name" $fails_status
}

# ---- The package ---------------------------------------------------------------------

tree good
rpm=$top/$rpms/qemu-4.2.1-5.2.15.2.$(uname -m).rpm
picture "$top" >"$scratch/before"
run build --dry-run --topdir "$top"
picture "$top" >"$scratch/after"
command="rpmbuild --define '_topdir $top' --define '_default_patch_fuzz 2' -bb $top/SPECS/qemu.spec"
exits 0 && says "$out" "would run    $command" "would write  $log" &&
    cmp "$scratch/before" "$scratch/after"
result dry-run $?

run build --topdir "$top"
exits 0 && says "$out" "  run    $command" "$rpm (" "next, on the host: vgpuctl install $rpm" &&
    [ ! -s "$err" ] && ! grep -q 'debuginfo\|debugsource\|src\.rpm' "$out"
result success $?
[ "$(rpm -qp --qf '%{NEVR}' "$rpm" 2>/dev/null)" = qemu-2:4.2.1-5.2.15.2 ] &&
    [ "$(find "$top/RPMS" -name '*.rpm' | wc -l)" = 3 ]
result success/one-of-three-packages $?
says "$log" "Executing(%prep)" "  CC      hw/misc/vgpu-stub.o" "Wrote: $rpm" "Executing(%clean)"
result success/whole-log $?
(cd "$scratch" && rpm2cpio "$rpm" | cpio -id 2>/dev/null)
"$scratch/usr/lib64/xen/bin/qemu-system-i386" >"$scratch/program" 2>&1
says "$scratch/program" "patched" "with fuzz"
result success/patches-with-fuzz $?
run build --json --topdir "$top" --log "$scratch/elsewhere.log" --define 'xsver 9'
exits 0 && says "$out" "\"rpm\" : \"$rpm\"" "\"log\" : \"$scratch/elsewhere.log\"" &&
    grep -q "^Wrote: $rpm" "$scratch/elsewhere.log"
result success/json-and-log $?
tree no-object
in_spec 's/^echo "obj-y.*/:/' '/^:$/p'
run build --topdir "$top"
exits 0 && says "$out" "warning: the log does not show that vgpu-stub was compiled"
result device-not-compiled $?

# ---- What it refuses ---------------------------------------------------------------------

tree refusals
refused no-spec 3 "there is no spec: $scratch/none/SPECS/qemu.spec" \
    "vgpuctl prepare --topdir $scratch/none SOURCE" build --topdir "$scratch/none"
cp "$top/SPECS/qemu.spec" "$scratch/kept.spec"
TINY_DEVICE='' tiny_spec >"$top/SPECS/qemu.spec"
refused not-integrated 3 "the device is not in the spec" \
    "vgpuctl integrate --topdir $top" build --topdir "$top"
cp "$scratch/kept.spec" "$top/SPECS/qemu.spec"
refused log-not-writable 3 "cannot write $scratch/none/log" "--log" \
    build --topdir "$top" --log "$scratch/none/log"
refused define/no-value 2 "--define 'alone' is no macro and value" "MACRO VALUE" \
    build --topdir "$top" --define alone
refused define/topdir 2 "--define '_topdir /' would lose the tree" "--topdir DIR" \
    build --topdir "$top" --define '_topdir /'
refused argument 2 "it takes no argument" "--help" build --topdir "$top" more
mv "$top/SOURCES/vgpu-stub.c" "$scratch/"
refused no-device-source 3 "the spec names it: vgpu-stub.c" "vgpuctl integrate" \
    build --topdir "$top"
mv "$scratch/vgpu-stub.c" "$top/SOURCES/"
tiny_pointer "$top/SOURCES/keycodemapdb-22b8.tar.gz" 31000
refused lfs-pointer 3 "Git LFS pointers" "git lfs install && git lfs pull" \
    build --topdir "$top"
tree truncated
truncate -s -100 "$top/SOURCES/qemu-4.2.1.tar.gz"
refused truncated 3 "qemu-4.2.1.tar.gz is truncated" "get it again" \
    build --topdir "$top"
path=$PATH
mkdir -p "$scratch/bin"
PATH=$scratch/bin
status=0
"$vgpuctl" build --topdir "$top" >"$out" 2>"$err" || status=$?
PATH=$path
exits 3 && says "$err" "rpmbuild is not installed" "yum install rpm-build"
result no-rpmbuild $?
if can_mount; then
    status=0
    tree small
    # shellcheck disable=SC2016
    unshare -m sh -c 'mount -t tmpfs -o size=8m none /mnt && cp -r "$2"/. /mnt &&
        "$1" build --topdir /mnt; s=$?; ls /mnt; exit $s' \
        sh "$vgpuctl" "$top" >"$out" 2>"$err" || status=$?
    exits 3 && says "$err" "MiB free, and the build needs 2048" "make room" &&
        ! grep -q vgpuctl-build.log "$out"
    result little-space $?
else
    skip little-space "a mount namespace needs root"
fi

# ---- Each failure as it happens ----------------------------------------------------------------

tree lfs-in-tree
tiny_pointer "$tiny_work/qemu-4.2.1/roms.tar.gz" 5000
in_tree true
in_spec 's/^tar xzf.*/&\ntar xzf roms.tar.gz/' '/roms/p'
fails lfs-pointer-unpacked not-an-archive "a source archive is none" "git lfs pull" \
    "gzip: stdin: not in gzip format"
tree plain-tar
in_tree sh -c 'echo text >roms.tar'
in_spec 's/^tar xzf.*/&\ntar xf roms.tar/' '/roms/p'
fails text-unpacked not-an-archive "a source archive is none" "git lfs pull" \
    "does not look like a tar archive"
tree truncated-in-tree
in_tree sh -c 'head -c 400 ../../tree/good/SOURCES/qemu-4.2.1.tar.gz >roms.tar.gz'
in_spec 's/^tar xzf.*/&\ntar xzf roms.tar.gz/' '/roms/p'
fails truncated-unpacked truncated-archive "ends too early" "git lfs fsck" \
    "gzip: stdin: unexpected end of file"
tree fuzz
fails patch patch "patch fuzzy.patch does not apply" "_default_patch_fuzz 2" \
    "1 out of 1 hunk FAILED" --define '_default_patch_fuzz 0'
tree other-tree
in_tree sed -i 's/a small program/another program/' main.c
fails patch-of-another-tree patch "patch 0001-say-more.patch does not apply" \
    "vgpuctl prepare --force" "FAILED"

tree needs
TINY_NEEDS='tiny-glib2-devel >= 2.40 tiny-python3-devel' tiny_spec >"$top/SPECS/qemu.spec"
fails packages missing-packages \
    "packages that the build needs are missing: 'tiny-glib2-devel >= 2.40' tiny-jemalloc-devel tiny-python3-devel" \
    "yum install 'tiny-glib2-devel >= 2.40' tiny-jemalloc-devel tiny-python3-devel" \
    "error: Failed build dependencies:"
tree device-outside
in_spec '/^Source3:/d; s/^cp -a %{SOURCE3}/cp -a %{_sourcedir}\/vgpu-stub.c/' '/_sourcedir/p'
rm "$top/SOURCES/vgpu-stub.c"
fails device-source no-device-source "vgpu-stub.c is missing" "vgpuctl integrate" \
    "cannot stat '$top/SOURCES/vgpu-stub.c'"
tree device-not-copied
in_spec '/^cp -a %{SOURCE3}/d' '/Source3/p'
fails device-not-copied no-device-source "vgpu-stub.c is missing" "vgpuctl integrate" \
    "No rule to make target 'hw/misc/vgpu-stub.o'"

tree class-id
sed -i 's/0x1200/0x120000/' "$top/SOURCES/vgpu-stub.c"
fails class-id class-id "class_id overflow" "0x1200, not 0x120000" "[-Werror=overflow]"
says "$scratch/remedy" "never --disable-werror"
result class-id/never-disable-werror $?
tree device-overflow
echo 'unsigned char vgpu_byte = 4096;' >>"$top/SOURCES/vgpu-stub.c"
fails another-overflow device-warning "-Werror stops at a warning in vgpu-stub.c" \
    "never --disable-werror" "[-Werror=overflow]"
tree device-warning
echo 'static int vgpu_unused;' >>"$top/SOURCES/vgpu-stub.c"
fails device-warning device-warning "-Werror stops at a warning in vgpu-stub.c" \
    "never --disable-werror" "[-Werror=unused-variable]"
tree device-error
echo '#include "hw/no/such.h"' >>"$top/SOURCES/vgpu-stub.c"
fails device-error device-error "vgpu-stub.c does not compile" "QEMU 4.2.1 or later" \
    "hw/no/such.h: No such file"
tree tree-warning
in_tree sh -c 'echo "static int unused;" >>main.c'
fails tree-warning tree-warning "a warning in QEMU itself (main.c)" \
    "build container" "[-Werror=unused-variable]"
tree tree-error
in_tree sh -c 'echo "struct unknown thing;" >>main.c'
fails tree-error tree-error "QEMU itself does not compile (main.c)" \
    "vgpuctl prepare lists" "error: storage size"

tree old-keymap-gen
tiny_keycodemapdb "$tiny_work/ui/keycodemapdb" old
tar -C "$tiny_work" -czf "$top/SOURCES/keycodemapdb-22b8.tar.gz" ui/keycodemapdb
fails keymap-gen keymap-gen "keymap-gen does not know the arguments" "vgpuctl integrate" \
    "keymap-gen: error: unrecognized arguments: --lang"
tree no-keycodemapdb
in_spec '/^tar xzf/d' '/keymapcodedb/p'
fails keycodemapdb no-keycodemapdb "ui/keycodemapdb is missing" "%prep has to unpack it" \
    "ERROR: missing file"
tree no-keymap-gen
in_spec 's/^tar xzf.*/&\nrm -r ui\/keycodemapdb\/tools/' '/tools/p'
fails keycodemapdb-without-generator no-keycodemapdb "ui/keycodemapdb is missing" \
    "%prep has to unpack it" "ui/input-keymap"

tree configure
TINY_GTHREAD=no-such-library
export TINY_GTHREAD
fails configure configure "configure stops: glib-2.40 gthread-2.0 is required" \
    "yum install glib2-devel" "ERROR: glib-2.40"
unset TINY_GTHREAD
tree killed
# shellcheck disable=SC2016
in_tree sed -i 's/^\t@gcc $(CFLAGS).*/\t@kill -9 $$$$/' Makefile
fails killed out-of-memory "out of memory" "_smp_mflags -j1" "Killed"
tree no-tool
in_spec 's/^\.\/configure/tiny-no-such-tool\n&/' '/no-such/p'
fails no-tool no-tool "tiny-no-such-tool is not installed" "yum install tiny-no-such-tool" \
    "tiny-no-such-tool"
tree unknown
in_spec 's/^\.\/configure/echo the last word; exit 7\n&/' '/last word/p'
run build --topdir "$top"
exits 1 && says "$err" "in a way that vgpuctl does not know" "remedy: read the log" &&
    says "$out" "| the last word" "the whole log: $log" &&
    ! grep -q 'bogus date' "$out"
result unknown $?
if ! command -v git-lfs >/dev/null && command -v git >/dev/null; then
    tree git-lfs
    in_spec 's/^\.\/configure/git lfs pull\n&/' '/lfs/p'
    fails git-lfs no-git-lfs "git-lfs is not installed" "yum install git-lfs" \
        "git: 'lfs' is not a git command"
else
    skip git-lfs "wants a machine with git and without git-lfs"
fi
if can_mount; then
    tree full
    full=$scratch/full
    mkdir -p "$full"
    cat >"$scratch/in-namespace" <<EOF
#!/bin/sh
mount -t tmpfs -o size=64k none "$full" && exec "$vgpuctl" "\$@"
EOF
    chmod +x "$scratch/in-namespace"
    in_tree sh -c 'head -c 200000 /dev/urandom >blob'
    kept=$vgpuctl
    cat >"$scratch/unshared" <<EOF
#!/bin/sh
exec unshare -m "$scratch/in-namespace" "\$@"
EOF
    chmod +x "$scratch/unshared"
    vgpuctl=$scratch/unshared
    fails no-space no-space "no space is left" "make room" "No space left on device" \
        --define "_builddir $full"
    vgpuctl=$kept
else
    skip no-space "a mount namespace needs root"
fi
finish
