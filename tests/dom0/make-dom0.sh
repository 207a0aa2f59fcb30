#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a dom0 in a directory: DIRECTORY/root is the host, an XCP-ng 8.3 with a
# real database of rpm in which the stock packages of QEMU and xenopsd are
# installed (DIRECTORY/root-8.2: an XCP-ng 8.2); DIRECTORY/rpms/NAME.rpm are
# packages to install there, good ones and such as are wrong on purpose; and
# DIRECTORY/home/.rpmmacros is to be rpm's ($HOME). Done once for what it is
# made of; copy the root to change it.
# Usage: tests/dom0/make-dom0.sh DIRECTORY BUILD
# BUILD has qemu/qemu-system-x86_64 and qemu/work (lab/qemu-build.sh). Wants
# root, rpm and rpmbuild.
set -eu
. lab/lib.sh

[ $# = 2 ] || die 'usage: tests/dom0/make-dom0.sh DIRECTORY BUILD'
[ "$(id -u)" = 0 ] || die 'rpm --root wants root'
mkdir -p "$1"
directory=$(realpath "$1") build=$(realpath "$2")
here=tests/dom0
rpms=$directory/rpms root=$directory/root
export HOME="$directory/home"

# Two tests may want it at the same time.
exec 9>"$directory/lock"
flock 9
made_of=$(cat "$here/make-dom0.sh" "$here/xe" "$here/xenopsd" "$here"/specs/* \
    "$here"/stand-ins/* "$here"/wrappers/*.py vgpu-stub.c lab/qemu-with.sh \
    "$build/qemu/qemu-system-x86_64" | sha256sum)
[ "$(cat "$directory/made-of" 2>/dev/null)" != "$made_of" ] || exit 0
rm -rf "$directory/made-of" "$rpms" "$root" "$root-8.2" "$HOME" "$directory/qemu" \
    "$directory/rpmbuild" "$directory/update.py"
mkdir -p "$rpms" "$root/var/lib" "$HOME" "$directory/qemu"

cat >"$HOME/.rpmmacros" <<END
%_dbpath /var/lib/rpm
%_topdir $directory/rpmbuild
%_binary_payload w1.gzdio
%debug_package %{nil}
%__os_install_post %{nil}
%_build_id_links none
%dist .xcpng8.3
END

# ---- QEMUs ------------------------------------------------------------------

# qemu NAME SED-SCRIPT: the QEMU with the drop-in as the script changes it.
qemu() {
    sed "$2" vgpu-stub.c >"$directory/qemu/$1.c"
    VGPU_CFLAGS=-w lab/qemu-with.sh "$build/qemu/work" "$directory/qemu/$1.c" \
        "$directory/qemu/$1" >"$directory/qemu/$1.log" 2>&1 ||
        { cat "$directory/qemu/$1.log" >&2; die "cannot link the QEMU '$1'"; }
    rm -f "$directory/qemu/$1".*o*
}

cp "$build/qemu/qemu-system-x86_64" "$directory/qemu/device"
qemu stock '/#include "qemu\/osdep.h"/!d'
qemu no-property '/DEFINE_PROP_UINT32(VGPU_PROP_VM_ID/d'
qemu before-queues '/DEFINE_PROP_UINT32(VGPU_PROP_QUEUES/d; /DEFINE_PROP_CHR(VGPU_PROP_CHARDEV/d'
qemu no-interface 's/{ INTERFACE_CONVENTIONAL_PCI_DEVICE },//'

# ---- Packages ---------------------------------------------------------------

# package NAME SPEC [WORD...]: rpmbuild with those words; the package it makes,
# or all of them, become rpms/NAME*.rpm.
package() {
    name=$1 spec=$2
    shift 2
    rm -rf "$directory/rpmbuild"
    rpmbuild -bb --target x86_64 "$@" "$here/specs/$spec" >"$directory/rpmbuild.log" 2>&1 ||
        { cat "$directory/rpmbuild.log" >&2; die "rpmbuild of '$name' failed"; }
    for file in "$directory"/rpmbuild/RPMS/*/*.rpm; do
        if [ "$spec" = host.spec ]; then
            mv "$file" "$rpms/$name-$(rpm -qp --qf '%{NAME}' "$file").rpm"
        else
            mv "$file" "$rpms/$name.rpm"
        fi
    done
}

# qemu_package NAME RELEASE BINARY [WORD...]
qemu_package() {
    name=$1 release=$2 binary=$3
    shift 3
    package "$name" qemu.spec --define 'qemu_name qemu' --define 'qemu_epoch 2' \
        --define "qemu_release $release" \
        --define "qemu_binary $directory/qemu/$binary" "$@"
}

# host_packages NAME RELEASE XAPI-VERSION XAPI-RELEASE WRAPPER [WORD...]
host_packages() {
    name=$1 release=$2 version=$3 xapi=$4 wrapper=$(realpath "$5")
    shift 5
    package "$name" host.spec --define "release_version $release" \
        --define "xapi_version $version" --define "xapi_release $xapi" \
        --define "wrapper $wrapper" "$@"
}

stock=5.2.15.2 ours=5.2.15.2.0.vgpu
extra='qemu_extra 1'
for_83='qemu_required qemu >= 2:4.2.1-5.0.0'
host_packages host 8.3.0 26.1.3 1.2 $here/wrappers/8.3.py --define "$for_83" \
    --define 'config_dir 1'
# An update of xapi: another wrapper, and nothing of what was done to the old one.
sed 's/^# SPDX/# With what the update changed.\n&/' $here/wrappers/8.3.py >"$directory/update.py"
host_packages xapi-update 8.3.0 26.1.3 1.3 "$directory/update.py" --define "$for_83" \
    --define 'config_dir 1'
mv "$rpms/xapi-update-xenopsd.rpm" "$rpms/xenopsd-update.rpm"
rm "$rpms"/xapi-update-* "$directory/update.py"
qemu_package stock $stock stock
qemu_package new $ours.1 device --define "$extra"
qemu_package newer $ours.2 device --define "$extra"
qemu_package same $stock device --define "$extra"
qemu_package older 5.2.9.1 device --define "$extra"
qemu_package update 5.2.16.1 stock
# Wrong in one way each.
package no-epoch qemu.spec --define 'qemu_name qemu' \
    --define "qemu_release $ours.1" --define "qemu_binary $directory/qemu/device"
qemu_package low-epoch $ours.1 device --define 'qemu_epoch 1'
qemu_package no-device $ours.3 stock
qemu_package no-property $ours.3 no-property
qemu_package before-queues $ours.0 before-queues
qemu_package no-interface $ours.3 no-interface
qemu_package i686 $ours.3 device --target i686
qemu_package debuginfo $ours.3 device --define 'qemu_name qemu-debuginfo'
qemu_package other $ours.3 device --define 'qemu_name qemu-kvm'
qemu_package no-path $ours.3 device --define 'qemu_nopath 1'
qemu_package needs $ours.3 device --define 'qemu_requires libvgpu-missing.so.1'
head -c 1000000 "$rpms/new.rpm" >"$rpms/truncated.rpm"
# All is well until it is installed: then its QEMU is damaged, or rpm dies as in
# a power cut, with both packages in its database.
qemu_package breaks $ours.4 device --define "$extra" --define \
    'qemu_script local f = io.open("/usr/lib64/xen/bin/qemu-system-i386", "w") f:write("#!/bin/sh\\necho QEMU emulator version 4.2.1\\n") f:close()'
qemu_package dies $ours.4 device --define "$extra" --define \
    'qemu_script posix.kill(posix.getprocessid("pid"), 9)'

# XCP-ng 8.2's packages are named .xcpng8.2, and its QEMU has no epoch.
host_packages 8.2 8.2.1 0.150.19 3.1 $here/wrappers/8.2.py \
    --define 'qemu_required qemu >= 4.2.1' --define 'dist .xcpng8.2'
package stock-8.2 qemu.spec --define 'qemu_name qemu' --define 'qemu_release 4.6.6' \
    --define "qemu_binary $directory/qemu/stock" --define 'dist .xcpng8.2'

# ---- The host ----------------------------------------------------------------

# record DIRECTORY UUID PARAM VALUE [PARAM VALUE...]: what xe knows.
record() {
    at=$root/var/xapi-stand-in/$1
    mkdir -p "$at"
    shift
    while [ $# -gt 0 ]; do
        printf '%s\n' "$2" >"$at/$1"
        shift 2
    done
}

# vm UUID NAME STATE CONTROL-DOMAIN
vm() {
    record "$1" uuid "$1" name-label "$2" power-state "$3" is-control-domain "$4"
    mkdir -p "$root/var/xapi-stand-in/$1/platform"
    for pair in acpi=1 apic=true nx=true pae=true viridian=true device_id=0001; do
        printf %s "${pair#*=}" >"$root/var/xapi-stand-in/$1/platform/${pair%%=*}"
    done
}

# host RPM...: installs it into $root, with the toolstack's stand-ins around it.
host() {
    mkdir -p "$root/var/lib"
    rpm --root "$root" -U "$@" 2>"$directory/rpm.log" ||
        { cat "$directory/rpm.log" >&2; die 'cannot install the stock packages'; }
    mkdir -p "$root/opt/xensource/bin" "$root/usr/bin" "$root/usr/sbin" "$root/tmp" \
        "$root/usr/libexec/stand-ins" "$root/var/run" "$root/var/log"
    cp "$here/xe" "$here/stand-ins/xe-toolstack-restart" "$root/opt/xensource/bin/"
    ln -s ../../opt/xensource/bin/xe ../../opt/xensource/bin/xe-toolstack-restart \
        "$root/usr/bin/"
    cp "$here/xenopsd" "$root/usr/sbin/xenopsd-xc"
    echo xcp1 >"$root/etc/hostname"
    cp "$here/stand-ins/logger" "$here/stand-ins/qemu-without-xen" \
        "$root/usr/libexec/stand-ins/"

    vm 11111111-0000-4000-8000-000000000000 'Control domain on host: xcp1' running true
    vm 22222222-0000-4000-8000-000000000000 'web, staging' halted false
    vm 33333333-0000-4000-8000-000000000000 'build (old)' halted false
    uuid=aaaaaaaa-0000-4000-8000-000000000001
    record hosts/$uuid uuid $uuid name-label xcp1 hostname xcp1 address 192.0.2.1 \
        name-description 'Default install' enabled true
    pool=bbbbbbbb-0000-4000-8000-000000000000
    record pools/$pool uuid $pool name-label '' name-description '' master $uuid \
        restrictions 'restrict_vswitch_controller: false; restrict_lab: false; platform_filter: false; restrict_pool_size: false'
}

host "$rpms"/host-*.rpm "$rpms/stock.rpm"
ln -s /usr/bin/python3 "$root/usr/bin/python3"
(root=$root-8.2 && host "$rpms"/8.2-*.rpm "$rpms/stock-8.2.rpm")

rm -rf "$directory/rpmbuild" "$directory/qemu"
echo "$made_of" >"$directory/made-of"
