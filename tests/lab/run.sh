#!/bin/sh
# SPDX-License-Identifier: MIT
# What the lab says when something is missing or broken: one clear line with
# the remedy, a bad exit status, and nothing half-made that the next run would
# trust. Prints TAP.
# Usage: tests/lab/run.sh DROP-IN DIRECTORY
set -eu
. lab/lib.sh

drop_in=$1 directory=$2
rm -rf "$directory"
mkdir -p "$directory"
log=$directory/log
number=0
echo "1..9"

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
refused packages/not-to-be-had 'packages: download failed; the whole output is in' \
    in_subshell missing_as_root
refused packages/unknown-set "no set 'none' in lab/packages.list" \
    lab/packages.sh none

refused source/not-to-be-had 'failed; the whole output is in' \
    env BUILD="$directory/build" lab/qemu-source.sh nosuchrelease "$directory/source"
absent source/nothing-left "$directory/source"

refused guest/unknown-architecture "no guest for architecture 'sparc'" \
    lab/guest-image.sh sparc none "$directory/guest"
refused guest/no-image 'no guest image in .*make demo' \
    env VGPU_GUEST="$directory" "$BUILD/tests/demo"
refused qemu/none 'no QEMU .*make demo' \
    env VGPU_QEMU="$directory/none" "$BUILD/tests/demo"

sed 's/^#include "qemu\/osdep.h"/#error broken/' "$drop_in" >"$directory/broken.c"
refused drop-in/broken 'error: #error broken' \
    lab/qemu-with.sh "$BUILD/qemu/work" "$directory/broken.c" "$directory/qemu"
