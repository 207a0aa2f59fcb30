#!/bin/sh
# SPDX-License-Identifier: MIT
# What the lab says when something is missing or broken: one clear line with
# the remedy, a bad exit status, and nothing half-made that the next run would
# trust. Prints TAP.
# Usage: tests/lab/run.sh DIRECTORY
set -eu
. lab/lib.sh

directory=$1
rm -rf "$directory"
mkdir -p "$directory"
log=$directory/log
number=0
echo "1..12"

# refused NAME TEXT COMMAND...: ok when the command fails and says TEXT.
refused() {
    name=$1 text=$2
    shift 2
    number=$((number + 1))
    if "$@" >"$log" 2>&1; then
        echo "# it succeeded"
    elif ! grep -q -e "$text" "$log"; then
        echo "# it does not say: $text"
    else
        echo "ok $number /lab/$name"
        return
    fi
    sed 's/^/# /' "$log"
    echo "not ok $number /lab/$name"
}

# absent NAME FILE: ok when there is no such file.
absent() {
    number=$((number + 1))
    [ ! -e "$2" ] || printf 'not '
    echo "ok $number /lab/$1"
}

as_nobody() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
    else
        "$@"
    fi
}

# A lab whose list wants a package that no Debian has, where anybody can read.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r lab "$copy/"
echo 'odd: vgpu-no-such-package' >>"$copy/lab/packages.list"
chmod -R a+rX "$copy"

missing_as_user() {
    cd "$copy"
    as_nobody lab/packages.sh odd
}
missing_as_root() {
    cd "$copy"
    BUILD=build lab/packages.sh odd
}
in_subshell() { ("$@"); }

refused packages/user-gets-the-command \
    'sudo apt-get update && sudo apt-get install .*vgpu-no-such-package' \
    in_subshell missing_as_user
if [ "$(id -u)" = 0 ]; then
    refused packages/not-to-be-had 'Unable to locate package vgpu-no-such-package' \
        in_subshell missing_as_root
else
    number=$((number + 1))
    echo "ok $number /lab/packages/not-to-be-had # SKIP only root installs; run it as root"
fi
refused packages/unknown-set "no set 'none' in lab/packages.list" \
    lab/packages.sh none

refused source/not-to-be-had "Check the network and apt's sources" \
    env BUILD="$directory/build" lab/qemu-source.sh nosuchrelease "$directory/source"
absent source/nothing-left "$directory/source"

refused guest/unknown-architecture "no guest for architecture 'sparc'" \
    lab/guest-image.sh sparc none "$directory/guest"
refused guest/no-image 'no guest image in .*make demo' \
    env VGPU_GUEST="$directory" "$BUILD/tests/demo"
refused qemu/none 'no QEMU .*make demo' \
    env VGPU_QEMU="$directory/none" "$BUILD/tests/demo"

# A second build in the tree of the first would build everything again: the
# script is driven with a tree that has just enough to fail in, and then not.
mkdir -p "$directory/tree/hw/misc" "$directory/tree/configs/devices/x86_64-softmmu"
echo 'softmmu_ss.add(files())' >"$directory/tree/hw/misc/meson.build"
cat >"$directory/tree/configure" <<'CONFIGURE'
#!/bin/sh
source=$(dirname "$0")
cat >build.ninja <<NINJA
rule cc
  command = gcc -c $source/hw/misc/vgpu-stub.c -o \$out
build qemu-system-x86_64: cc $source/hw/misc/vgpu-stub.c
NINJA
CONFIGURE
chmod +x "$directory/tree/configure"
echo 'int good;' >"$directory/good.c"
echo '#error broken' >"$directory/broken.c"
build() {
    BUILD=$directory/build lab/qemu-build.sh "$directory/tree" "$1" \
        "$directory/q/qemu"
}
build "$directory/good.c" >"$log" 2>&1 && cp "$directory/q/qemu" "$directory/before"
refused drop-in/broken 'error: #error broken' build "$directory/broken.c"
number=$((number + 1))
cmp -s "$directory/q/qemu" "$directory/before" || printf 'not '
echo "ok $number /lab/drop-in/broken-leaves-the-old-binary"

# A changed source makes a new drop-in: make has to know.
number=$((number + 1))
make -q vgpu-stub.c || printf 'not '
echo "ok $number /lab/make/drop-in-is-up-to-date"
number=$((number + 1))
! make -q -W device/core/core.c vgpu-stub.c || printf 'not '
echo "ok $number /lab/make/drop-in-follows-its-sources"
