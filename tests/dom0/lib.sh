# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# For the tests that act on a dom0 in a directory, sourced from the top of the
# repository after vgpuctl, scratch and build are set. Each test starts with
# fresh; results are TAP lines, numbered, the plan last.

# The one who sources this sets and uses what shellcheck misses.
vgpuctl=$(realpath "$vgpuctl")
mkdir -p "$scratch"
scratch=$(realpath "$scratch")
# The path of a socket below it has room for 107 characters.
own_scratch=
if [ ${#scratch} -gt 64 ]; then
    own_scratch=$(mktemp -d /tmp/vgpu-XXXXXX)
    scratch=$own_scratch
fi
scratch_end() {
    ! mountpoint -q "$scratch" || umount -R "$scratch" || umount -R -l "$scratch"
    [ -z "$own_scratch" ] || rm -rf "$own_scratch"
}
trap scratch_end EXIT
# What make-dom0.sh makes is shared by the tests that need it.
# shellcheck disable=SC2154
dom0=$(realpath -m "$build")/dom0
# shellcheck disable=SC2034
rpms=$dom0/rpms
root=$scratch/root
log=$scratch/log
QEMU=/usr/lib64/xen/bin/qemu-system-i386
STATE=/var/lib/vgpuctl
number=0 failures=0

# skip_all REASON: the whole test cannot be run here.
skip_all() {
    echo "1..1"
    echo "ok 1 $1 # SKIP $2"
    exit 0
}

[ "$(id -u)" = 0 ] || skip_all dom0 'wants root, for rpm --root'
for program in rpm rpmbuild rpm2cpio cpio; do
    command -v "$program" >/dev/null ||
        skip_all dom0 "wants $program: apt-get install rpm rpm2cpio cpio"
done
tests/dom0/make-dom0.sh "$dom0" "$build" >&2
# In memory where that can be had: a host is copied for nearly each test.
mount -t tmpfs vgpuctl-test "$scratch" 2>/dev/null || :
export HOME="$dom0/home"

# fresh: a host as it is when it comes.
fresh() {
    rm -rf "$root"
    cp -a "$dom0/root" "$root"
}

# pass NAME, fail NAME: a result; a failure shows the log.
pass() {
    number=$((number + 1))
    echo "ok $number $1"
}
fail() {
    number=$((number + 1)) failures=$((failures + 1))
    sed 's/^/# /' "$log"
    echo "not ok $number $1"
}
skip() {
    number=$((number + 1))
    echo "ok $number $1 # SKIP $2"
}
# check NAME COMMAND...: ok when it succeeds.
check() {
    check_name=$1
    shift
    if "$@" >>"$log" 2>&1; then pass "$check_name"; else fail "$check_name"; fi
}
finish() {
    echo "1..$number"
    [ "$failures" = 0 ]
}

# run STATUS VERB WORD...: vgpuctl on the host; ok when it exits so. What it
# says goes to the log, its stderr alone to the log.err.
run() {
    expected=$1 verb=$2 status=0
    shift 2
    echo "\$ vgpuctl $verb $*" >"$log"
    "$vgpuctl" "$verb" --root "$root" "$@" >>"$log" 2>"$log.err" || status=$?
    cat "$log.err" >>"$log"
    [ "$status" = "$expected" ] || {
        echo "exit status $status, not $expected" >>"$log"
        return 1
    }
}

# killed STEP VERB WORD...: it kills itself after that step.
killed() {
    step=$1
    shift
    VGPUCTL_STOP_AFTER=$step
    export VGPUCTL_STOP_AFTER
    killed_status=0
    run 137 "$@" 2>>"$log" || killed_status=1
    unset VGPUCTL_STOP_AFTER
    return $killed_status
}

# as_user VERB WORD...: vgpuctl as a user who is not root, on an empty host that
# the user can see: the checkout may be where only root looks. Its exit status is
# in $user_status, "not-empty" where it left something behind.
# shellcheck disable=SC2034
as_user() {
    verb=$1 user_root=$(mktemp -d) user_status=0
    shift
    chmod 755 "$user_root"
    setpriv --reuid=65534 --regid=65534 --clear-groups "$vgpuctl" "$verb" \
        --root "$user_root" "$@" >"$log" 2>&1 || user_status=$?
    rmdir "$user_root" || user_status=not-empty
}

says() { grep -q -e "$1" "$log"; }
rpm_q() { rpm --root "$root" "$@" 2>/dev/null; }
owner() { rpm_q -qf "$QEMU"; }
has_device() { "$root$QEMU" -device help 2>/dev/null | grep -q '^name "vgpu-stub", bus PCI'; }
lacks_device() {
    "$root$QEMU" -device help >"$scratch/devices" 2>&1 && grep -q 'bus PCI' "$scratch/devices" &&
        ! grep -q vgpu "$scratch/devices"
}

# files: all files of the host with what they are, but for rpm's database and
# what vgpuctl keeps.
files() {
    (cd "$root" && find . \( -path ./var/lib/rpm -o -path ".$STATE" \) -prune -o \
        -printf '%p %y %m %U %G %l\n' | sort &&
        find . \( -path ./var/lib/rpm -o -path ".$STATE" \) -prune -o \
            -type f -printf '%p %T@\n' | sed 's/\.[0-9]*$//' | sort &&
        find . \( -path ./var/lib/rpm -o -path ".$STATE" \) -prune -o \
            -type f -print0 | sort -z | xargs -0 sha256sum)
}
# database: what rpm knows, and what it says about the package.
database() {
    rpm_q -qa --qf '%{NAME} %{EPOCH} %{VERSION} %{RELEASE} %{ARCH} %{SHA1HEADER}\n' | sort
    rpm_q -V qemu || :
}
kept() { (cd "$root" && { [ ! -e ".$STATE" ] || find ".$STATE" -printf '%p %y %m %l %s\n' | sort; }); }

# remember: what is_as_before, files_are_as_before and nothing_changed compare
# with.
remember() {
    files >"$scratch/files"
    database >"$scratch/database"
    kept >"$scratch/kept"
}
files_are_as_before() { files | diff "$scratch/files" - >>"$log"; }
is_as_before() { files_are_as_before && database | diff "$scratch/database" - >>"$log"; }
nothing_changed() { is_as_before && kept | diff "$scratch/kept" - >>"$log"; }
no_journal() { [ ! -e "$root$STATE/journal" ]; }

# refused NAME TEXT VERB WORD...: exit status 3, one line that says TEXT and one
# with the remedy, and nothing changed.
refused() {
    refused_name=$1 text=$2
    shift 2
    remember
    if run 3 "$@" && grep -q -e "^vgpuctl [a-z]*: .*$text" "$log.err" &&
        [ "$(wc -l <"$log.err")" = 2 ] && grep -q '^  remedy: .' "$log.err" &&
        nothing_changed; then
        pass "$refused_name"
    else
        echo "wanted: $text" >>"$log"
        fail "$refused_name"
    fi
}

# wrapper_is_packaged: the wrapper that lies there is its package's own.
wrapper_is_packaged() {
    cp "$root/usr/lib64/xen/bin/qemu-wrapper" "$scratch/packaged.py"
    [ -d "$root/etc/xenopsd.conf.d" ] && directory=1 || directory=0
    rpmbuild -bb --target x86_64 --define "_topdir $scratch/rpmbuild" --define "config_dir $directory" \
        --define 'release_version 8.3.0' --define 'xapi_version 99' --define 'xapi_release 1' \
        --define 'qemu_required qemu' --define "wrapper $scratch/packaged.py" \
        tests/dom0/specs/host.spec >>"$log" 2>&1
    rpm_q -U --nodeps --force "$scratch"/rpmbuild/RPMS/*/xenopsd-99*.rpm
    rm -rf "$scratch/rpmbuild" "$scratch/packaged.py"
}
