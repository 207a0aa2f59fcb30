#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs suites that print TAP and sums them up.
# Usage: tests/run.sh NAME=COMMAND...
# Each suite's TAP is shown as it comes, then its counts and seconds. A suite
# that ends badly without a "not ok", or does not run all that it planned,
# counts as one failure more. The last line is "N passed, N failed, N skipped".
set -u
. lab/lib.sh

summary=$(mktemp) || exit 1
skips=$(mktemp) || exit 1
trap 'rm -f "$summary" "$skips"' EXIT
mkdir -p "$LOGS"

# Prints "passed failed skipped" of a TAP file; $2 is the suite's exit status.
count() {
    awk -v status="$2" '
        /^1\.\.[0-9]+/ { split($1, plan, "\\.\\."); planned += plan[2]; has_plan = 1 }
        /^ok .*# *[Ss][Kk][Ii][Pp]/ { skipped++; next }
        /^ok / { passed++ }
        /^not ok / { failed++ }
        /^Bail out!/ { bailed = 1 }
        END {
            ran = passed + failed + skipped
            if (bailed || !has_plan || ran != planned || (status && !failed)) failed++
            print passed + 0, failed + 0, skipped + 0
        }' "$1"
}

for suite in "$@"; do
    name=${suite%%=*} command=${suite#*=}
    log=$LOGS/suite-$name.tap
    start=$(date +%s)
    say "== $name"
    { sh -c "$command" 2>&1; echo $? >"$log.status"; } | tee "$log" |
        grep --line-buffered -a -v -E '^# (Start|End|random seed)|^$'
    # shellcheck disable=SC2046
    set -- $(count "$log" "$(cat "$log.status")")
    seconds=$(($(date +%s) - start))
    say "== $name: $1 passed, $2 failed, $3 skipped, $seconds s"
    echo "$name $1 $2 $3 $seconds" >>"$summary"
    grep -a -i '^ok .*# *skip' "$log" | sed "s|^ok [0-9]*|$name:|" >>"$skips"
done

printf '\n%-28s %7s %7s %8s %8s\n' SUITE passed failed skipped seconds
awk '{ printf "%-28s %7d %7d %8d %8d\n", $1, $2, $3, $4, $5 }' "$summary"
if [ -s "$skips" ]; then
    printf '\nSKIPPED, with what would make it run:\n'
    cat "$skips"
fi
echo
awk '{ p += $2; f += $3; s += $4 }
     END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f || !p }' \
    "$summary"
