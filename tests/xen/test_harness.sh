#!/bin/sh
# SPDX-License-Identifier: MIT
# What tests/xen/run.sh makes of a machine that panics, ends early, falls silent
# or reports a failure. The machine is a script here. Prints TAP.
# Usage: tests/xen/test_harness.sh DIRECTORY
# What the stand-in plays is for its own shell.
# shellcheck disable=SC2016
set -u
. lab/lib.sh

directory=$1
rm -rf "$directory"
mkdir -p "$directory"
log=$directory/log
number=0 failures=0

# A stand-in for QEMU: plays the $directory/play-1 at its first start, and
# play-2 at its second, with the files of both serial lines in $1 and $2.
cat >"$directory/machine" <<'END'
#!/bin/sh
# A stand-in for an emulated machine with Xen.
here=$(dirname "$0")
for word in "$@"; do
    case $word in
    file:*) files="${files:-} ${word#file:}" ;;
    esac
done
echo "$*" >"$here/words"
starts=$(($(cat "$here/starts") + 1))
echo $starts >"$here/starts"
# shellcheck disable=SC2086
exec sh "$here/play-$starts" $files
END
chmod +x "$directory/machine"
printf '#!/bin/sh\necho "# nothing was recorded"\n' >"$directory/judge"

good='echo "@@ versions 4.17 6.1 7.2" >$2; echo "@@ begin one" >>$2
echo "@@ ok 2 one/good" >>$2; sleep 0.3; echo "@@ end" >>$2; exec sleep 1'

# run STATUS FIRST [SECOND]: the harness on a machine that plays these.
run() {
    wanted=$1
    echo 0 >"$directory/starts"
    echo "$2" >"$directory/play-1"
    echo "${3:-}" >"$directory/play-2"
    status=0
    tests/xen/run.sh "$directory/machine" "$directory" "$directory/initrd" \
        "$directory/judge" "$directory/out" >"$log" 2>&1 || status=$?
    [ "$status" = "$wanted" ] || echo "exit status $status, not $wanted" >>"$log"
    [ "$status" = "$wanted" ]
}
says() { grep -q -e "$1" "$log"; }
starts() { [ "$(cat "$directory/starts")" = "$1" ]; }

# test_that NAME COMMAND...
test_that() {
    number=$((number + 1))
    name=$1
    shift
    if "$@"; then
        echo "ok $number /xen-harness/$name"
    else
        failures=$((failures + 1))
        sed 's/^/# /' "$log"
        echo "not ok $number /xen-harness/$name"
    fi
}

passes() {
    run 0 "$good" && says '^ok 1 /xen/one/good' && says '^ok 2 /xen/machine' &&
        says '^1\.\.2$' && says 'Xen 4.17, dom0 Linux 6.1, QEMU 7.2' && starts 1
}
reports_failure() {
    run 1 'echo "@@ begin one" >$2; echo "# why" >>$2; echo "@@ not-ok 1 one/bad" >>$2
echo "@@ end" >>$2' && says '^# why' && says '^not ok 1 /xen/one/bad' && starts 1
}
retries_panic() {
    run 0 'echo "Panic on CPU 0: for a test" >$1; exec sleep 100' "$good" &&
        says 'THE MACHINE ENDED: Panic on CPU 0: for a test' && says '^# RETRY' &&
        says 'THIS IS THE SECOND TRY' && says '^ok 2 /xen/machine' && starts 2
}
# What the first try had is not taken for a result of the second.
fails_twice() {
    run 1 'echo "@@ ok 1 one/first" >$2; echo "Dom0 crashed: here" >$1; exec sleep 100' \
        'echo "Kernel panic - not syncing" >$1; exec sleep 100' &&
        says 'ENDED AGAIN: Kernel panic' && says '^not ok 1 /xen/machine' &&
        ! says '/xen/one/first' && starts 2
}
notices_early_exit() {
    run 1 'exit 3' 'exit 3' && says 'has ended early' && starts 2
}
notices_silence() {
    VGPU_XEN_SILENCE=2
    export VGPU_XEN_SILENCE
    run 1 'echo "@@ begin one" >$2; exec sleep 100' 'exec sleep 100'
    silent=$?
    unset VGPU_XEN_SILENCE
    [ $silent = 0 ] && says 'no word for 2 s, after: @@ begin one'
}
chooses_scenarios() {
    VGPU_XEN_SCENARIOS='cycles queues'
    export VGPU_XEN_SCENARIOS
    run 0 "$good"
    chosen=$?
    unset VGPU_XEN_SCENARIOS
    [ $chosen = 0 ] && grep -q ' vgpu.scenarios=cycles:queues,' "$directory/words" &&
        run 0 "$good" && ! grep -q vgpu.scenarios "$directory/words"
}
is_skipped_loudly() {
    VGPU_SKIP_XEN=1
    export VGPU_SKIP_XEN
    run 0 "$good"
    skipped=$?
    unset VGPU_SKIP_XEN
    [ $skipped = 0 ] && says 'NOTHING IS TESTED UNDER XEN' && says '^ok 1 .*# SKIP' && starts 0
}

test_that passes passes
test_that reports-failure reports_failure
test_that retries-panic retries_panic
test_that fails-twice fails_twice
test_that notices-early-exit notices_early_exit
test_that notices-silence notices_silence
test_that chooses-scenarios chooses_scenarios
test_that is-skipped-loudly is_skipped_loudly
echo "1..$number"
[ $failures = 0 ]
