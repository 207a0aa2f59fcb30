#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl keeps to what a dom0 of XCP-ng 8.2 and 8.3 has: gcc 4.8's C, glibc 2.17,
# GLib 2.54. The build itself has the compiler's limits on; this proves that
# they bite, and looks at what the program asks of the C library. Prints TAP.
# Usage: tests/vgpuctl/test_limits.sh VGPUCTL DIRECTORY COMPILER-FLAGS...
set -eu

vgpuctl=$1 directory=$2
shift 2
mkdir -p "$directory"
echo "1..4"

check() {
    number=$((${number:-0} + 1))
    if [ "$2" = yes ]; then
        echo "ok $number /limits/$1"
    else
        echo "not ok $number /limits/$1"
    fi
}

compiles() {
    # shellcheck disable=SC2046
    gcc "$@" $(pkg-config --cflags glib-2.0) -c "$directory/probe.c" \
        -o "$directory/probe.o" >"$directory/log" 2>&1 && echo yes || echo no
}
not() { [ "$1" = yes ] && echo no || echo yes; }

# g_strdup() is old; g_string_free_and_steal() came with 2.76, g_uuid with 2.52,
# g_date_time_new_from_iso8601() with 2.56.
cat >"$directory/probe.c" <<'C'
#include <glib.h>
char *probe(void);
char *probe(void)
{
    return g_strdup("old");
}
C
check flags-take-old-calls "$(compiles "$@")"
cat >"$directory/probe.c" <<'C'
#include <glib.h>
GDateTime *probe(void);
GDateTime *probe(void)
{
    return g_date_time_new_from_iso8601("", NULL);
}
C
check flags-refuse-glib-2.56 "$(not "$(compiles "$@")")"

# Functions that glibc has versioned anew since 2.17 although they are old.
old='__libc_start_main stat lstat fstat fstatat mknod dlsym dlopen dlclose
    dlerror pthread_.* __isoc23_strtoul.* __isoc23_strtol.* __isoc23_sscanf'
pattern=$(echo "$old" | tr -s ' \n' '|')
objdump -T "$vgpuctl" | sed -n 's/.*(GLIBC_\([0-9.]*\)) *\(.*\)/\1 \2/p;
    s/.* UND\*.* GLIBC_\([0-9.]*\) *\(.*\)/\1 \2/p;
    s/.*\*UND\*.*GLIBC_\([0-9.]*\)  *\([^ ]*\)$/\1 \2/p' | sort -u >"$directory/calls"
awk -v pattern="^(${pattern%|})\$" '{
        split($1, v, ".")
        if ((v[1] > 2 || v[2] > 17) && $2 !~ pattern) print
    }' "$directory/calls" >"$directory/new-calls"
sed 's/^/# newer than glibc 2.17: /' "$directory/new-calls"
check calls-were-read "$([ "$(wc -l <"$directory/calls")" -gt 20 ] && echo yes || echo no)"
check no-call-newer-than-glibc-2.17 "$([ -s "$directory/new-calls" ] && echo no || echo yes)"
