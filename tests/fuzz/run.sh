#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs fuzzers for some seconds each, as TAP.
# Usage: tests/fuzz/run.sh SECONDS FUZZER...
set -u
seconds=$1
shift

echo "1..$#"
number=0
for fuzzer in "$@"; do
    number=$((number + 1))
    name=$(basename "$fuzzer")
    corpus=$fuzzer.corpus
    log=$fuzzer.log
    mkdir -p "$corpus"
    # Words of a grammar that chance would not come by. An empty one is refused.
    words=$fuzzer.dict
    cat "tests/fuzz/$name.dict" >"$words" 2>/dev/null || echo '"vgpu"' >"$words"
    if "$fuzzer" -dict="$words" -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 \
        -artifact_prefix="$corpus.crash-" "$corpus" >"$log" 2>&1 &&
        grep -q '^stat::number_of_executed_units: [1-9]' "$log"; then
        echo "ok $number /fuzz/$name"
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
        echo "# $runs executions in $seconds s, $edges edges covered"
    else
        echo "not ok $number /fuzz/$name"
        tail -n 25 "$log" | sed 's/^/# /'
    fi
done
