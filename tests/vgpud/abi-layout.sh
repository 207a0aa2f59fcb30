#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints C initialisers for what a header of include/vgpu declares itself:
# {"structure.field", offset, bytes}, of every field; or {"NAME", NAME}, of every
# enumerator; or {"structure", bytes}.
# Usage: tests/vgpud/abi-layout.sh fields|enumerators|structures HEADER
set -eu
kind=$1 header=$2

# Without comments, a declaration a line.
preprocessed() {
    cc -E -P -Iinclude -x c "$1" | tr '\n' ' ' | sed 's/[{};]/&\n/g'
}

# Those of the headers that it includes come with it.
included() {
    sed -n 's|^#include "\(vgpu/.*\)"|include/\1|p' "$header" |
        while read -r other; do
            enumerators "$other"
        done
}

enumerators() {
    preprocessed "$1" | sed 's/[,{}]/\n/g' | sed -n 's/^ *\(VGPU_[A-Z0-9_]*\) = .*/\1/p'
}

structures() {
    sed -n 's/^struct \([a-z_0-9]*\) {$/\1/p' "$header"
}

fields_of() {
    preprocessed "$header" | sed -n "/^ *struct $1 {/,/}/p" |
        sed -n 's/^ *[a-z].* \([a-z_0-9]*\)\(\[[^]]*\]\)\{0,1\};$/\1/p'
}

case $kind in
enumerators)
    theirs=$(included | tr '\n' ' ')
    for name in $(enumerators "$header"); do
        case " $theirs " in
        *" $name "*) ;;
        *) printf '{ "%s", %s },\n' "$name" "$name" ;;
        esac
    done
    ;;
structures)
    for structure in $(structures); do
        printf '{ "%s", sizeof(struct %s) },\n' "$structure" "$structure"
    done
    ;;
fields)
    for structure in $(structures); do
        for field in $(fields_of "$structure"); do
            printf '{ "%s.%s", offsetof(struct %s, %s), sizeof(((struct %s *)0)->%s) },\n' \
                "$structure" "$field" "$structure" "$field" "$structure" "$field"
        done
    done
    ;;
esac
