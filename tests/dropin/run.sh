#!/bin/sh
# SPDX-License-Identifier: MIT
# The drop-in file as a compiler sees it, as TAP: no warning, by gcc and by
# clang, with the flags of the QEMU tree that it was built in; and the core as
# C that needs no QEMU.
# Usage: tests/dropin/run.sh WORK DROP-IN DIRECTORY
set -eu
. lab/lib.sh

work=$1 drop_in=$2 directory=$3
mkdir -p "$directory"
number=0
echo "1..6"

# check NAME COMMAND...: ok when the command succeeds and prints no warning.
check() {
    name=$1
    shift
    number=$((number + 1))
    log=$directory/$name.log
    if "$@" >"$log" 2>&1 && ! grep -q -i warning "$log"; then
        echo "ok $number /dropin/$name"
    else
        sed 's/^/# /' "$log"
        echo "not ok $number /dropin/$name"
    fi
}

compile() {
    # Flags that only gcc has are in the tree's list: clang says so and goes on.
    VGPU_CC=$1 VGPU_CFLAGS="$2" lab/qemu-with.sh "$work" "$drop_in" \
        "$directory/qemu-$1" && "$directory/qemu-$1" -device vgpu-stub,help
}

core_alone() {
    for file in device/core/*.c; do
        $1 -std=gnu99 -pedantic -Wall -Wextra -Wdeclaration-after-statement \
            -Werror -Iinclude -Idevice -fsyntax-only "$file" || return 1
    done
}

is_one_file() {
    ! grep -n '#include "\(core\|vgpu\)/\|compat.h"' "$drop_in"
}

is_what_the_sources_say() {
    device/join.sh "$directory/again.c" && cmp "$directory/again.c" "$drop_in"
}

check gcc-werror compile gcc "-Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers -Werror"
check clang-werror compile clang "-Wno-unknown-warning-option -Werror"
check core-needs-no-qemu-gcc core_alone gcc
check core-needs-no-qemu-clang core_alone clang
check is-one-file is_one_file
check is-what-the-sources-say is_what_the_sources_say
