#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual pages and the completion against the program: every option that a
# verb prints in --help stands in its page and the other way round, every exit
# code of exit.h in vgpuctl(1), and the completion offers verbs and options.
# Prints TAP.
# Usage: tests/vgpuctl/test_manual.sh VGPUCTL DIRECTORY
set -eu

vgpuctl=$(realpath "$1") directory=$2
mkdir -p "$directory"
log=$directory/log
number=0 failures=0

check() {
    name=$1
    shift
    number=$((number + 1))
    if "$@" >"$log" 2>&1; then
        echo "ok $number /manual/$name"
    else
        sed 's/^/# /' "$log"
        failures=$((failures + 1))
        echo "not ok $number /manual/$name"
    fi
}

help_options() { "$vgpuctl" "$1" --help | sed -n 's/^  .*\(--[a-z][a-z-]*\).*/\1/p' | sort -u; }
page_options() {
    sed -n '/^\.SH OPTIONS/,/^\.SH E/s/^\.B[RI]*.*\\-\\-\([a-z\\-]*\).*/--\1/p' "$1" |
        sed 's/\\-/-/g' | sort -u
}
same_options() {
    help_options "$1" >"$directory/help"
    page_options "vgpuctl/man/vgpuctl-$1.1" >"$directory/page"
    [ -s "$directory/help" ] && diff "$directory/help" "$directory/page"
}
no_warning() { [ -f "$1" ] && [ -z "$(groff -man -ww -z "$1" 2>&1)" ]; }
exit_codes() {
    sed -n 's/^#define EXIT_[A-Z]* \([0-9]*\)$/\1/p' vgpuctl/exit.h | while read -r code; do
        grep -q "^\.B $code\$" vgpuctl/man/vgpuctl.1 || { echo "no $code"; exit 1; }
    done
}
completion() {
    wanted=$1
    shift
    # shellcheck disable=SC2016
    bash -c '. vgpuctl/completion/vgpuctl.bash
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _vgpuctl
        printf "%s\n" "${COMPREPLY[@]}"' - "$vgpuctl" "$@" | grep -q -x -e "$wanted"
}

verbs=$("$vgpuctl" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
check there-are-verbs test "$(echo "$verbs" | wc -l)" -ge 6
for verb in $verbs; do
    check "options/$verb" same_options "$verb"
    check "page/$verb" no_warning "vgpuctl/man/vgpuctl-$verb.1"
    check "summary/$verb" grep -q "^\.BR\? $verb\$" vgpuctl/man/vgpuctl.1
done
check page/vgpuctl no_warning vgpuctl/man/vgpuctl.1
check exit-codes exit_codes
check completion/verb completion integrate in
check completion/verb-install completion install in
check completion/option completion --topdir build --top
echo "1..$number"
[ "$failures" = 0 ]
