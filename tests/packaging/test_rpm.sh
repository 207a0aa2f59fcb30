#!/bin/sh
# SPDX-License-Identifier: MIT
# The package: built by rpmbuild, installed, upgraded and removed on a dom0 in a
# directory, with its scripts run there; what it says after an update of qemu and
# xenopsd, and that it changes nothing then. Prints TAP.
# Usage: tests/packaging/test_rpm.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2034 # lib.sh sets and reads them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh

work=$(realpath -m "$build")/packages
built=$vgpuctl
log=$scratch/log
: >"$log"

# ---- Building ----------------------------------------------------------------------

build_version() {
    rm -rf "${work:?}/$1"
    packaging/rpm/build.sh "$work/$1" "$1"
}
package() { echo "$work/$1/RPMS/x86_64/vgpuctl-$1-1.xcpng8.3.x86_64.rpm"; }

check build/0.1 build_version 0.1
check build/0.2 build_version 0.2
check build/source-package [ -e "$work/0.1/SRPMS/vgpuctl-0.1-1.xcpng8.3.src.rpm" ]
rpm -qpl "$(package 0.1)" >"$scratch/contents"
for file in /usr/sbin/vgpuctl /usr/libexec/vgpu/qemu-wrapper /usr/libexec/vgpu/qemu-args \
    /etc/vgpu/allow-args /usr/share/man/man1/vgpuctl-wrapper.1 /usr/share/doc/vgpuctl-0.1/security.md; do
    check "build/has$file" grep -q "^$file" "$scratch/contents"
done

# ---- On a host -----------------------------------------------------------------------

# furnish PROGRAM...: programs of this system and what they are linked with: the
# package's scripts run below the root.
furnish() {
    for program in "$@"; do
        path=$(command -v "$program")
        # shellcheck disable=SC2046
        for file in "$path" $(ldd "$path" 2>/dev/null | grep -o '/[^ ]*'); do
            mkdir -p "$root${file%/*}"
            [ -e "$root$file" ] || cp -L "$file" "$root$file"
        done
    done
}
# A host on which a script can run: a shell, and what ours uses.
host() {
    fresh
    furnish sh grep stat date timeout rpm "$built" "$root$QEMU"
    mkdir -p "$root/bin"
    cp -L /bin/sh "$root/bin/sh"
    for name in usr/lib/rpm/rpmrc usr/lib/rpm/macros; do
        mkdir -p "$root/${name%/*}"
        cp "/$name" "$root/$name"
    done
    printf '%%_dbpath /var/lib/rpm\n' >>"$root/usr/lib/rpm/macros"
    rm -f "$root$built"
    mkdir -p "$root/dev"
    mknod -m 666 "$root/dev/null" c 1 3 2>/dev/null || : >"$root/dev/null"
}
# Debian's rpm has something to say each time it is used.
quiet=
[ ! -e /etc/debian_version ] || quiet=--force-debian
# rpm_u WORD...: rpm on the host, with all that it says in the log. Our package
# wants what dom0 has: this root has it, and no record of it.
rpm_u() {
    echo "\$ rpm $*" >>"$log"
    rpm --root "$root" $quiet --nodeps "$@" >"$scratch/said" 2>&1 || { cat "$scratch/said" >>"$log"; return 1; }
    cat "$scratch/said" >>"$log"
}
fails() { ! "$@"; }
version_is() { chroot "$root" /usr/sbin/vgpuctl --version | grep -q -F "vgpuctl $1"; }
said() { grep -q -e "$1" "$scratch/said"; }
ours() { rpm_q -q vgpuctl; }

host
vgpuctl=$root/usr/sbin/vgpuctl
check install/rpm rpm_u -U "$(package 0.1)"
check install/runs version_is 0.1
check install/silent [ ! -s "$scratch/said" ]
check install/verifies rpm --root "$root" -V --nodeps vgpuctl
check install/man-pages [ -e "$root/usr/share/man/man1/vgpuctl-attach.1" ]

# The package's programs are the ones that vgpuctl would write.
check hook/install run 0 wrapper install --any-release
check hook/writes-no-program fails says 'write.*libexec/vgpu'
check hook/config [ -e "$root/etc/xenopsd.conf.d/vgpu.conf" ]

: >"$log"
check erase/refused fails rpm_u -e vgpuctl
check erase/reason said 'vgpu.conf still names /usr/libexec/vgpu/qemu-wrapper'
check erase/remedy said 'remedy: vgpuctl wrapper remove'
check erase/all-there rpm --root "$root" -V --nodeps vgpuctl

# xenopsd N: one that was started N hundredths of a second after the host, which
# runs for 1000 s.
xenopsd() {
    mkdir -p "$root/proc/77" "$root/proc/78"
    echo '1000.00 1000.00' >"$root/proc/uptime"
    echo "77 (xenopsd-xc) S 1 77 77 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 30 0 $1 1 1" >"$root/proc/77/stat"
    echo "78 (a) b) S 1 78 78 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 30 0 100 1 1" >"$root/proc/78/stat"
}
# What an administrator may well do: no restart.
cp -a "$root" "$scratch/hooked"
xenopsd 100
: >"$log"
check erase/unhook run 0 wrapper remove
check erase/unhook/says-so says 'goes on with the shim until it is restarted: xe-toolstack-restart'
check erase/too-early fails rpm_u -e vgpuctl
check erase/too-early/reason said 'xenopsd was started before the last change of /etc/xenopsd.conf.d'
check erase/too-early/remedy said 'remedy: xe-toolstack-restart, then remove this package'
check erase/too-early/all-there rpm --root "$root" -V --nodeps vgpuctl
cp -a "$root" "$scratch/unhooked"
xenopsd 100100
check erase/restarted rpm_u -e vgpuctl
check erase/restarted/gone fails ours
for other in no-xenopsd no-proc no-directory; do
    rm -rf "$root"
    cp -a "$scratch/unhooked" "$root"
    case $other in
    no-xenopsd) rm -r "$root/proc/77" ;;
    no-proc) rm -r "$root/proc" ;;
    no-directory) rm -r "$root/etc/xenopsd.conf.d" ;;
    esac
    check "erase/$other" rpm_u -e vgpuctl
    check "erase/$other/gone" fails ours
done
rm -rf "$root" "$scratch/unhooked"
mv "$scratch/hooked" "$root"

echo '-device ich9-usb-uhci1,addr=1b' >>"$root/etc/vgpu/allow-args"
check upgrade/rpm rpm_u -U "$(package 0.2)"
check upgrade/version version_is 0.2
check upgrade/hook-stays [ -e "$root/etc/xenopsd.conf.d/vgpu.conf" ]
check upgrade/shim-stays "$root/usr/libexec/vgpu/qemu-wrapper" --version
check upgrade/list-stays grep -q -x -e '-device ich9-usb-uhci1,addr=1b' "$root/etc/vgpu/allow-args"

# ---- What an update undoes is said, and not changed ------------------------------------

: >"$log"
run 0 install --stock-rpm "$rpms/stock.rpm" "$rpms/new.rpm" || :
furnish "$root$QEMU"
files >"$scratch/before"
check update/qemu rpm_u -U "$rpms/update.rpm"
check update/said said 'vgpuctl: after the update of qemu this host is not as vgpuctl left it'
check update/which said 'problem.*the installed QEMU package is vgpuctl'
check update/remedy said 'remedy: vgpuctl doctor'
check update/one-owner fails said 'two packages own'
# All that differs is the updated package's own.
not_qemus() { grep '^[<>]' | grep -v -e qemu-system-i386 -e qemu-bridge-helper -e '\./usr/share' -e '\./dev' -e '\./usr/lib64/xen/bin '; }
files | diff "$scratch/before" - >"$scratch/differences" || :
check update/changes-qemu grep -q qemu-system-i386 "$scratch/differences"
check update/changes-nothing-else fails not_qemus <"$scratch/differences"

# Not what the update did not do: XAPI is no business of it.
check update/nothing-else fails said 'problem.*\(XAPI\|VM\|xe\)'

# ended NUMBER: the check in the trigger ends so.
ended() {
    printf '#!/bin/sh\n# A stand-in for timeout.\nexit %s\n' "$1" >"$root$(command -v timeout)"
    chroot "$root" /usr/libexec/vgpu/after-update qemu >"$scratch/said" 2>&1
}
check update/hangs ended 124
check update/hangs/says-so said '"vgpuctl doctor --host" did not end within 60 seconds'
check update/dies ended 134
check update/dies/says-so said '"vgpuctl doctor --host" ends with 134'

# xenopsd's package brings another wrapper: nothing to the one way, and the end of
# the other.
for way in config python; do
    host
    vgpuctl=$root/usr/sbin/vgpuctl
    rpm_u -U "$(package 0.2)" || :
    check "xenopsd/$way/install" run 0 wrapper install --method $way --any-release
    check "xenopsd/$way/update" rpm_u -U "$rpms/xenopsd-update.rpm"
    check "xenopsd/$way/wrapper" grep -q 'With what the update changed' "$root/usr/lib64/xen/bin/qemu-wrapper"
    case $way in
    config) check xenopsd/config/silent [ ! -s "$scratch/said" ] ;;
    python)
        check xenopsd/python/said said 'vgpuctl: after the update of xenopsd this host is not as vgpuctl left it'
        check xenopsd/python/which said "^problem *the wrapper has vgpuctl's edit: an update has replaced it"
        check xenopsd/python/remedy said 'remedy: vgpuctl wrapper install$'
        check xenopsd/python/effect said "^problem *something takes a VM's key to QEMU: nothing does"
        check xenopsd/python/nothing-else [ "$(grep -c ^problem "$scratch/said")" = 2 ]
        ;;
    esac
done

# A host on which vgpuctl has installed nothing hears nothing.
host
check quiet/rpm rpm_u -U "$(package 0.1)"
check quiet/update rpm_u -U "$rpms/update.rpm"
check quiet/silent fails said vgpuctl
check quiet/xenopsd rpm_u -U "$rpms/xenopsd-update.rpm"
check quiet/xenopsd/silent fails said vgpuctl

# ---- Removing it -------------------------------------------------------------------------

vgpuctl=$root/usr/sbin/vgpuctl
check remove/hook run 0 wrapper install --any-release
check remove/unhook run 0 wrapper remove
check remove/rpm rpm_u -e vgpuctl
check remove/gone fails ours
for file in usr/sbin/vgpuctl usr/libexec/vgpu etc/vgpu; do
    check "remove/no/$file" [ ! -e "$root/$file" ]
done
rm -rf "$work"
finish
