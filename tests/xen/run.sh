#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots Xen with a dom0 of ours in an emulated machine, lets it run its scenarios
# (tests/xen/dom0), and prints their results as TAP, with a table at the end.
# Usage: tests/xen/run.sh QEMU IMAGE-DIRECTORY DOM0-INITRD JUDGE DIRECTORY
# DIRECTORY gets the logs: console (Xen's and dom0's), results, and log/ (the rest).
# VGPU_SKIP_XEN=1 skips it; VGPU_XEN_SCENARIOS chooses (tests/xen/dom0/scenarios.sh).
set -u
. lab/lib.sh

[ $# = 5 ] || die 'usage: tests/xen/run.sh QEMU IMAGE-DIRECTORY DOM0-INITRD JUDGE DIRECTORY'
qemu=$1 image=$2 initrd=$3 judge=$4 directory=$5

if [ -n "${VGPU_SKIP_XEN:-}" ]; then
    echo 1..1
    echo '# NOTHING IS TESTED UNDER XEN: VGPU_SKIP_XEN is set'
    echo 'ok 1 /xen # SKIP VGPU_SKIP_XEN is set; unset it to make this run'
    exit 0
fi

# An idle machine needs 9 minutes for all of it, and 70 s for the longest time
# without a word, a Linux guest's boot. The rest is for a loaded one.
ALL_S=${VGPU_XEN_LIMIT:-1500}
SILENCE_S=${VGPU_XEN_SILENCE:-450}
# What the disk for the logs has room for.
LOG_MIB=64
scenarios=
[ -z "${VGPU_XEN_SCENARIOS:-}" ] ||
    scenarios="vgpu.scenarios=$(echo "$VGPU_XEN_SCENARIOS" | tr ' ' :)"

mkdir -p "$directory"
console=$directory/console results=$directory/results

# -cpu: other models make dom0 crash, or Xen (SMAP, mwait); without npt this Xen
# has no HVM guests. nokaslr: a kernel hangs now and then under TCG without it.
# Processor 0 is dom0's alone: the guests have the other one (dom0/lib.sh).
start() {
    rm -rf "$directory/log" "$console" "$results"
    : >"$console"
    : >"$results"
    truncate -s 0 "$directory/disk"
    truncate -s ${LOG_MIB}M "$directory/disk"
    "$qemu" -accel tcg,thread=multi -machine q35 -cpu qemu64,+svm,+npt -smp 2 -m 1400 \
        -nodefaults -no-reboot -display none \
        -serial "file:$console" -serial "file:$results" \
        -kernel "$image/xen" -append 'dom0_mem=640M,max:640M dom0_max_vcpus=1 dom0_vcpus_pin console=com1 com1=115200,8n1 noreboot guest_loglvl=all' \
        -initrd "$image/vmlinux console=hvc0 nokaslr mitigations=off quiet rdinit=/init $scenarios,$initrd" \
        -drive "if=none,id=logs,file=$directory/disk,format=raw" -device virtio-blk-pci,drive=logs \
        -drive "if=none,id=opencl,file=$image/opencl.img,format=raw,readonly=on" -device virtio-blk-pci,drive=opencl \
        </dev/null >"$directory/qemu.log" 2>&1 &
    pid=$!
}

now() { date +%s; }

# progress FROM: what has come since that line, to be read as it comes.
progress() {
    tail -n "+$(($1 + 1))" "$results" | sed -n \
        's/^@@ begin \(.*\)/#   \1/p; s/^@@ \(ok\|not-ok\) \([0-9]*\) \(.*\)/#     \1 \3, \2 s/p'
}

# Why the attempt is over: "" while it runs, "end" when dom0 says so.
verdict() {
    if grep -q '^@@ end' "$results"; then
        echo end
    elif grep -q -a -e 'Panic on CPU' -e 'Dom0 crashed' -e 'Kernel panic' "$console"; then
        grep -a -m 1 -o -e 'Panic on CPU.*' -e 'Dom0 crashed.*' -e 'Kernel panic.*' "$console" |
            tr -d '\r'
    elif grep -q '^@@ dead' "$results"; then
        sed -n 's/^@@ dead //p' "$results"
    elif ! kill -0 "$pid" 2>/dev/null; then
        echo "the emulated machine has ended early: $(tail -n 1 "$directory/qemu.log")"
    elif [ $(($(now) - started)) -ge "$ALL_S" ]; then
        echo "not done after $ALL_S s"
    elif [ $(($(now) - heard)) -ge "$SILENCE_S" ]; then
        echo "no word for $SILENCE_S s, after: $(grep '^@@' "$results" | tail -n 1)"
    fi
}

# One boot; $ended is why it ended.
attempt() {
    start
    started=$(now) heard=$(now) shown=0 ended=
    trap 'kill "$pid" 2>/dev/null' EXIT
    trap 'exit 130' INT TERM
    while [ -z "$ended" ]; do
        sleep 0.5
        ended=$(verdict)
        lines=$(wc -l <"$results")
        if [ "$lines" -gt "$shown" ]; then
            progress "$shown"
            shown=$lines heard=$(now)
        fi
    done
    # It powers itself off; the logs are on the disk before that.
    waited=0
    while [ "$ended" = end ] && kill -0 "$pid" 2>/dev/null && [ $waited -lt 20 ]; do
        sleep 0.5
        waited=$((waited + 1))
    done
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    trap - EXIT INT TERM
    seconds=$(($(now) - started))
    tar -x -C "$directory" -f "$directory/disk" 2>/dev/null ||
        echo "# the logs are lost: $directory/console has what there is"
    rm -f "$directory/disk"
}

number=0 failed=0
tap() {
    number=$((number + 1))
    [ "$1" = ok ] || failed=$((failed + 1))
    echo "$(echo "$1" | sed 's/not-ok/not ok/') $number /xen/$2"
}

# The lines of results that explain a result come before it.
print_results() {
    while read -r mark kind rest; do
        case "$mark $kind" in
        '@@ ok' | '@@ not-ok') tap "$kind" "${rest#* }" ;;
        '# '*) echo "# $kind $rest" ;;
        esac
    done <"$results"
    [ ! -f "$directory/log/direct.console" ] || {
        "$judge" "$directory/log/direct.console" >"$directory/judged"
        while read -r kind rest; do
            case $kind in
            '#') echo "# $rest" ;;
            *) tap "$kind" "guest/$(echo "$rest" | tr -d ',:' | tr ' ' -)" ;;
            esac
        done <"$directory/judged"
    }
}

print_table() {
    # shellcheck disable=SC2046
    set -- $(sed -n 's/^@@ versions //p' "$results")
    echo "#"
    echo "# Xen ${1:-?}, dom0 Linux ${2:-?}, QEMU ${3:-?}: $seconds s in all"
    echo "# SCENARIO                           passed  failed  seconds"
    awk '
        function flush() { if (title) printf "# %-34s %6d  %6d  %7d\n", title, good, bad, sum }
        /^@@ begin / { flush(); title = substr($0, 10); good = bad = sum = 0 }
        /^@@ ok /     { good++; sum += $3 }
        /^@@ not-ok / { bad++; sum += $3 }
        END { flush() }' "$results"
    awk '/^@@ cost / {
        printf "# a register read from a guest: %d ns, one of a USB controller: %d ns (of this\n", $3, $4
        print "#   emulated machine, to notice a change by; no figure of Xen on hardware)" }' "$results"
    ! grep -q -a 'Platform timer appears to have unexpectedly wrapped' "$console" ||
        echo "# Xen's clock was too slow in this run: the seconds of the scenarios are too few"
    echo "#"
}

attempt
if [ "$ended" != end ]; then
    echo "# THE MACHINE ENDED: $ended"
    tail -n 25 "$console" | tr -d '\r' | sed 's/^/#   /'
    for kept in console results qemu.log; do
        cp "$directory/$kept" "$directory/$kept.first"
    done
    echo "# RETRY: once more from the start; the first console is $console.first"
    attempt
    [ "$ended" != end ] || echo "# THIS IS THE SECOND TRY: the first ended as said above"
fi
print_results
[ "$ended" = end ] || {
    echo "# THE MACHINE ENDED AGAIN: $ended"
    tail -n 25 "$console" | tr -d '\r' | sed 's/^/#   /'
}
tap "$([ "$ended" = end ] && echo ok || echo not-ok)" machine/ends-by-itself
print_table
echo "1..$number"
[ $failed = 0 ]
