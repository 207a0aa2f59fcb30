#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints C initialisers {"NAME", NAME}, for the constants of a header of
# include/vgpu: those that are numbers, or those that are texts. Whether one is
# which, the compiler tells.
# Usage: tests/unit/abi-constants.sh number|text HEADER
set -eu
kind=$1 header=$2

sed -n 's/^#define \(VGPU_[A-Z0-9_]*\)[[:blank:]].*/\1/p' "$header" |
    while read -r name; do
        value=$(printf '#include "%s"\n@%s\n' "$header" "$name" |
            cc -E -P -Iinclude -x c - | sed -n 's/^@//p')
        case $kind:$value in
        text:*\"* | number:[0-9\(]*) printf '{ "%s", %s },\n' "$name" "$name" ;;
        esac
    done
