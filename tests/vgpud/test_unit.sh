#!/bin/sh
# SPDX-License-Identifier: MIT
# packaging/systemd/vgpud.service: whether systemd understands it, and whether vgpud can do
# its work with what is left to it. $VGPUD and $VGPU_WORKER are the programs.
# Usage: tests/vgpud/test_unit.sh DIRECTORY of the test programs
# shellcheck disable=SC2317 # check() calls them
set -u

tests=$1
unit=packaging/systemd/vgpud.service
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
number=0
failed=0

result() {
    number=$((number + 1))
    if [ "$2" = 0 ]; then
        echo "ok $number $1"
    else
        sed 's/^/# /' "$directory/output"
        echo "not ok $number $1"
        failed=1
    fi
}

check() {
    name=$1
    shift
    "$@" >"$directory/output" 2>&1 </dev/null
    result "$name" $?
}

skip() {
    number=$((number + 1))
    echo "ok $number $1 # SKIP $2"
}

value() {
    sed -n "s/^$1=//p" "$unit"
}

# systemd looks for the program, so that it has to be one that is there.
verify() {
    sed "s|^ExecStart=/usr/sbin/vgpud\$|ExecStart=$(realpath "$VGPUD")|" "$unit" >"$directory/vgpud.service"
    grep -q "^ExecStart=$(realpath "$VGPUD")$" "$directory/vgpud.service" || return 1
    said=$(systemd-analyze verify --man=no "$directory/vgpud.service" 2>&1) || {
        echo "$said"
        return 1
    }
    # It ends well, too, when it has not understood a line.
    if [ -n "$said" ]; then
        echo "$said"
        return 1
    fi
}

# vgpud, and so its workers, with the unit's capabilities and no others.
write_vgpud() {
    set=-all
    for capability in $(value CapabilityBoundingSet); do
        set="$set,+$(echo "${capability#CAP_}" | tr '[:upper:]' '[:lower:]')"
    done
    cat >"$directory/vgpud" <<END
#!/bin/sh
umask $(value UMask)
exec setpriv --bounding-set $set --inh-caps -all --no-new-privs -- $(realpath "$VGPUD") "\$@"
END
    chmod 755 "$directory/vgpud"
}

within() {
    program=$1
    shift
    said=$(VGPUD=$directory/vgpud "$tests/$program" --tap "$@" 2>&1)
    code=$?
    echo "$said"
    [ "$code" = 0 ] && ! echo "$said" | grep -q '# SKIP'
}

echo 1..5
if command -v systemd-analyze >"$directory/output"; then
    check /unit/verify verify
else
    skip /unit/verify "there is no systemd-analyze; it is in the package systemd"
fi
check /unit/type test "$(value Type) $(value KillMode)" = "notify process"

# Where systemd empties it while vgpud restarts, workers and QEMUs are forgotten.
check /unit/no-runtime-directory test -z "$(value RuntimeDirectory)"

if [ "$(id -u)" != 0 ]; then
    skip /unit/workers "it needs root, for workers with users of their own; run it as root"
    skip /unit/chroot "it needs root; run it as root"
else
    write_vgpud
    check /unit/workers within vgpud_daemon -p /daemon/two-vms -p /daemon/end -p /daemon/opencl
    check /unit/chroot within vgpud_chroot -p /chroot/reconnects -p /chroot/vgpud-dies
fi
exit $failed
