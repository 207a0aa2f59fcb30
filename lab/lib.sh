# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# For the scripts of lab/ and tests/, sourced from the top of the repository:
# messages, timed steps, paths.

# What apt, readelf and others print is read here.
LC_ALL=C
export LC_ALL

BUILD=${BUILD:-build}
LOGS=$BUILD/log
# One line a step: kind ("download" or "work"), seconds, title.
STEPS=$BUILD/steps

say() { printf '%s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# timed KIND TITLE COMMAND...: runs the command with its output in a log and
# prints the title with the seconds it took, or the log's end when it fails.
timed() {
    timed_kind=$1 timed_title=$2
    shift 2
    mkdir -p "$LOGS"
    timed_log=$LOGS/$(printf %s "$timed_title" | tr -c 'A-Za-z0-9.\n' -).log
    timed_start=$(date +%s)
    printf '  %-44s' "$timed_title"
    [ ! -t 1 ] || printf '...'
    # Not as a condition: -e would have no effect inside the command.
    set +e
    (set -e; "$@") >"$timed_log" 2>&1
    timed_status=$?
    set -e
    if [ "$timed_status" != 0 ]; then
        printf ' FAILED\n'
        tail -n 15 "$timed_log" | sed 's/^/    /' >&2
        timed_remedy=
        [ "$timed_kind" != download ] || timed_remedy=" Check the network and \
apt's sources (/etc/apt/sources.list*), then run the same command again."
        die "$timed_title failed; the whole output is in $timed_log.$timed_remedy"
    fi
    timed_seconds=$(($(date +%s) - timed_start))
    [ ! -t 1 ] || printf '\b\b\b'
    printf '%4d s%s\n' "$timed_seconds" \
        "$([ "$timed_kind" = download ] && echo '  (download)')"
    printf '%s %s %s\n' "$timed_kind" "$timed_seconds" "$timed_title" >>"$STEPS"
}

# apt-get update. One broken index (a mirror in the middle of its sync) does
# not matter as long as what is wanted is found: the next step tells.
apt_update() {
    apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 update ||
        say "warning: apt-get update failed in part"
}
