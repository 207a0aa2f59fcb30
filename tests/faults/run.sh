#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves that the tests can fail: puts each known fault into the drop-in, links
# a QEMU with it and runs the test that must catch it there. Prints TAP.
# Usage: tests/faults/run.sh WORK DROP-IN DIRECTORY
# A fault by which something never comes has a line "# limit: SECONDS", the most that
# its test then waits for anything.
set -eu
. lab/lib.sh

work=$1 drop_in=$2 directory=$3
set -- tests/faults/*.sed
echo "1..$(($# + 1))"
mkdir -p "$directory"
number=0 limit=

result() {
    number=$((number + 1))
    echo "$1 $number $2"
}

# Runs one test of one program on a QEMU; its output stays in $log.
run_test() {
    env ${limit:+"VGPU_TEST_LIMIT_S=$limit"} VGPU_QEMU="$1" VGPU_QEMU_BAR_WATCH="$1" \
        "$BUILD/tests/test_$2" --tap -p "$3" >"$log" 2>&1
}

link_watched() {
    VGPU_CFLAGS=-w lab/qemu-with.sh "$work" "$1" "$2" \
        tests/faults/bar-watch.c -Wl,--wrap=pci_register_bar >"$log" 2>&1
}

# No fault: the one test that needs the watch passes.
log=$directory/none.log
if link_watched "$drop_in" "$directory/none" &&
    run_test "$directory/none" properties /properties/refused-before-registration &&
    grep -q '^ok 1 /[^#]*$' "$log"; then
    result ok "/faults/none"
else
    sed 's/^/# /' "$log"
    result "not ok" "/faults/none"
fi

for script in "$@"; do
    name=$(basename "$script" .sed)
    log=$directory/$name.log
    faulty=$directory/$name.c
    caught_by=$(sed -n 's/^# caught by: //p' "$script")
    limit=$(sed -n 's/^# limit: //p' "$script")
    sed -f "$script" "$drop_in" >"$faulty"
    if cmp -s "$faulty" "$drop_in"; then
        echo "# $script changes nothing: it has to follow the drop-in"
        result "not ok" "/faults/$name"
    elif ! link_watched "$faulty" "$directory/$name"; then
        sed 's/^/# /' "$log"
        result "not ok" "/faults/$name"
    elif run_test "$directory/$name" "${caught_by% *}" "${caught_by#* }" || ! grep -q '^not ok ' "$log"; then
        sed 's/^/# /' "$log"
        result "not ok" "/faults/$name: $caught_by does not catch it"
    else
        result ok "/faults/$name caught by ${caught_by#* }"
    fi
    rm -f "$directory/$name" "$directory/$name".o "$directory/$name".o.d \
        "$directory/$name".extra.*
done
