#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl install and rollback killed after each step, and rpm in the middle of
# its work: the next run finishes it or undoes it, and nothing is lost. Prints
# TAP.
# Usage: tests/vgpuctl/test_interrupted.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154 # tests/dom0/lib.sh sets them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh

# settled: no change is under way, and the QEMU is either the stock one as it
# was, or the new one that works.
settled() {
    no_journal || return 1
    if has_device; then
        [ "$(owner)" = "$1" ] && rpm_q -V qemu
    else
        is_as_before
    fi
}
# nothing_left: no half-made file of ours or of rpm's.
nothing_left() { ! find "$root" -name '*.vgpuctl-new' -o -name '*;[0-9a-f]*' | grep . >>"$log"; }

# next_status STEP: what `install` without an RPM exits with after that step:
# after the last one, that nothing was interrupted.
next_status() {
    case $1 in
    end | undo-end) echo 2 ;;
    *) echo 0 ;;
    esac
}

# each STEPS AFTER RPM OWNER [WORD...]: kills an install of the RPM at each
# step, then runs vgpuctl as AFTER says, and at last rolls back.
each() {
    steps=$1 after=$2 rpm=$3 package=$4
    shift 4
    for step in $steps; do
        name=killed/$after/$rpm/$step
        fresh
        remember
        check "$name/is-killed" killed "$step" install "$@" "$rpms/$rpm.rpm"
        case $after in
        install) check "$name/next-run" run "$(next_status "$step")" install ;;
        install-rpm) check "$name/next-run" run 0 install "$@" "$rpms/new.rpm" ;;
        rollback) check "$name/next-run" run 0 rollback ;;
        esac
        check "$name/settled" settled "$package"
        [ "$after" != install-rpm ] || check "$name/device" has_device
        if [ "$after" != rollback ]; then
            check "$name/rollback" run 0 rollback
        fi
        check "$name/as-before" is_as_before
        check "$name/nothing-left" nothing_left
    done
}

new=qemu-4.2.1-5.2.15.2.0.vgpu.1.xcpng8.3.x86_64
steps='journal backup installing rpm proof record end'
set -- --stock-rpm "$rpms/stock.rpm"
each "$steps" install new $new "$@"
each "$steps" rollback new $new "$@"
each 'backup installing rpm' install-rpm new $new "$@"
# The RPM that fails: killed while it is undone.
each 'rpm undo-rpm undo-files undo-end' install breaks - "$@"
each 'undo-rpm undo-files' rollback breaks - "$@"
each 'undo-rpm' install-rpm breaks $new "$@"
# A power cut while rpm works: both packages are in its database.
each rpm install dies - "$@"
each rpm rollback dies - "$@"
each rpm install-rpm dies $new "$@"

# Without the stock RPM: the bytes, and the rest when the RPM is there.
for step in installing rpm undo-files; do
    name=killed/no-stock-rpm/$step
    fresh
    remember
    check "$name/is-killed" killed "$step" install "$rpms/breaks.rpm"
    check "$name/next-run" run 0 install
    check "$name/bytes" files_are_as_before
    check "$name/no-journal" no_journal
    run 0 rollback --stock-rpm "$rpms/stock.rpm" || :
    check "$name/as-before" is_as_before
done

# A rollback that is killed.
for way in rpm files; do
    steps='journal back-rpm back-files proof record end'
    [ $way = rpm ] || { set -- && steps='journal back-files proof record end'; }
    for step in $steps; do
        name=killed/rollback-by-$way/$step
        fresh
        remember
        run 0 install "$@" "$rpms/new.rpm" || :
        check "$name/is-killed" killed "$step" rollback
        check "$name/next-run" run "$(next_status "$step")" install
        check "$name/no-device" lacks_device
        if [ $way = rpm ]; then
            check "$name/as-before" is_as_before
        else
            check "$name/bytes" files_are_as_before
        fi
        check "$name/no-journal" no_journal
        check "$name/nothing-left" nothing_left
    done
done

# While rpm goes on after its vgpuctl was killed, nothing else may begin.
fresh
remember
mkdir -p "$scratch/slow"
cat >"$scratch/slow/rpm" <<'END'
#!/bin/sh
# A stand-in that is slow: waits before rpm installs.
case "$*" in
*--test*) ;;
*-Uvh*) sleep 2 ;;
esac
exec /usr/bin/rpm "$@"
END
chmod +x "$scratch/slow/rpm"
PATH=$scratch/slow:$PATH "$vgpuctl" install --root "$root" --stock-rpm "$rpms/stock.rpm" \
    "$rpms/new.rpm" >"$log" 2>&1 &
victim=$!
while ! grep -q '^  run ' "$log" 2>/dev/null; do
    sleep 0.1
done
kill -9 $victim
wait $victim 2>/dev/null || :
check killed/rpm-goes-on/refused run 3 install
check killed/rpm-goes-on/says-so says 'another vgpuctl, or an rpm that one started, is at work'
sleep 4
check killed/rpm-goes-on/next-run run 0 install
check killed/rpm-goes-on/settled settled $new
run 0 rollback || :
check killed/rpm-goes-on/as-before is_as_before

# A journal that nobody wrote.
mkdir -p "$root$STATE"
for text in '' 'step=begun' '[vgpuctl]
step=installing
backup=../../../etc
nevra=a
id=b' '[vgpuctl]
step=other
backup=a
nevra=a
id=b'; do
    printf '%s\n' "$text" >"$root$STATE/journal"
    refused "journal/makes-no-sense/$number" 'journal makes no sense' install "$rpms/new.rpm"
done

finish
