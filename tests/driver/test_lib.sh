#!/bin/sh
# SPDX-License-Identifier: MIT
# libvgpu as a file, and its programs where there is no device. Prints TAP.
# Usage: tests/driver/test_lib.sh BUILD
set -u
. lab/lib.sh

[ $# = 1 ] || die "usage: tests/driver/test_lib.sh BUILD"
lib=$1/lib work=$1/lib-test
LD_LIBRARY_PATH=$lib
export LD_LIBRARY_PATH
rm -rf "$work"
mkdir -p "$work"

count=0 failures=0
check() {
    name=$1
    shift
    count=$((count + 1))
    if "$@" >"$work/output" 2>&1; then
        echo "ok $count /lib/$name"
    else
        failures=$((failures + 1))
        sed 's/^/# /' "$work/output"
        echo "not ok $count /lib/$name"
    fi
}

# What the header promises is what the library has, under its version.
exports() {
    sed -n 's/.*[ *]\(vgpu_[a-z_]*\)(.*/\1/p' lib/vgpu.h | grep -v '^vgpu_wait() has' |
        sort -u >"$work/declared"
    nm -D --defined-only "$lib/libvgpu.so.1" | sed -n 's/.* T //p' | sort >"$work/exported"
    sed 's/$/@@LIBVGPU_1.0/' "$work/declared" >"$work/wanted"
    diff "$work/wanted" "$work/exported"
}

soname() {
    objdump -p "$lib/libvgpu.so.1" | grep -q 'SONAME *libvgpu.so.1$'
}

# It stands alone, in strict C and in C++.
header() {
    echo '#include "vgpu.h"' >"$work/alone.c"
    for language in '-xc -std=c11' '-xc -std=gnu99' '-xc++ -std=c++11'; do
        # shellcheck disable=SC2086
        clang $language -Wall -Wextra -Werror -Ilib -Iinclude -fsyntax-only \
            "$work/alone.c" || return 1
    done
}

# Installed somewhere, and used from there by way of pkg-config.
installed() {
    root=$(realpath "$work")/root
    cat >"$work/user.c" <<'END'
#include <stdio.h>
#include <vgpu.h>
int main(void) { puts(vgpu_status_text(VGPU_DONE_OK)); return vgpu_list(NULL, 0); }
END
    make -s install-guest PREFIX="$root" || return 1
    flags=$(PKG_CONFIG_PATH=$root/lib/pkgconfig pkg-config --cflags --libs libvgpu)
    # shellcheck disable=SC2086
    gcc "$work/user.c" -o "$work/user" $flags &&
        [ "$(LD_LIBRARY_PATH=$root/lib "$work/user")" = "done" ] &&
        LD_LIBRARY_PATH=$root/lib "$root/bin/vgpu-smi" --version
}

# The document's program, compiled as it says there, with what was installed.
example() {
    # shellcheck disable=SC2016
    sed -n '/^```c$/,/^```$/ { /^```/!p }' docs/driver.md >"$work/saxpy.c"
    flags=$(PKG_CONFIG_PATH=$(realpath "$work")/root/lib/pkgconfig pkg-config --cflags --libs libvgpu)
    # shellcheck disable=SC2086
    gcc -Wall -Wextra -Werror "$work/saxpy.c" -o "$work/saxpy" $flags &&
        ! LD_LIBRARY_PATH=$lib "$work/saxpy" 2>"$work/said" &&
        grep -q '^/dev/vgpu0: No such file' "$work/said"
}

# The library's page has the header's calls, word by word.
manual_library() {
    gcc -E -P -Ilib -Iinclude lib/vgpu.h | tr '\n' ' ' | sed 's/;/;\n/g' | tr -d ' ' |
        sed -n 's/.*}//; /^[^(]*vgpu_[a-z_]*(.*;$/p' | sort >"$work/declared"
    sed -n '/SYNOPSIS/,/DESCRIPTION/ s/^\.BI "\(.*\)$/\1/p' lib/man/libvgpu.3 | tr -d '" \n' |
        sed 's/;/;\n/g' | sort >"$work/manual"
    [ -s "$work/manual" ] && diff "$work/declared" "$work/manual"
}

# Each option of --help has its paragraph in the manual page, and no other has.
manual() {
    "$lib/$1" --help | grep -o -e '^  --[a-z]*' | tr -d ' ' | sort >"$work/help"
    sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/p' "lib/man/$1.1" | grep -o -e '\\-\\-[a-z]*' |
        sed 's/\\//g' | sort -u >"$work/manual"
    diff "$work/help" "$work/manual" &&
        [ -z "$(groff -man -Tutf8 -ww -z "lib/man/$1.1" 2>&1)" ]
}

no_device() {
    "$lib/vgpu-smi" >"$work/table"
    [ $? = 1 ] && grep -q 'no devices' "$work/table" || return 1
    "$lib/vgpu-smi" --json >"$work/json"
    [ $? = 1 ] && python3 -m json.tool "$work/json" || return 1
    for program in vgpu-test vgpu-bench; do
        "$lib/$program"
        [ $? = 1 ] || return 1
    done
}

wrong_options() {
    for program in vgpu-smi vgpu-test vgpu-bench; do
        "$lib/$program" --wrong
        [ $? = 2 ] || return 1
        "$lib/$program" surplus
        [ $? = 2 ] || return 1
    done
    for option in '--device 1x' '--rounds 0' '--slice 10001' '--disk'; do
        # shellcheck disable=SC2086
        "$lib/vgpu-bench" $option
        [ $? = 2 ] || return 1
    done
    "$lib/vgpu-test" --device 1x
    [ $? = 2 ]
}

check exports exports
check soname soname
check header header
check installed installed
check example example
check manual-library manual_library
check manual-smi manual vgpu-smi
check manual-test manual vgpu-test
check manual-bench manual vgpu-bench
check no-device no_device
check wrong-options wrong_options
echo "1..$count"
[ "$failures" = 0 ]
