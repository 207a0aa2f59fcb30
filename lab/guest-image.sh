#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a Linux guest of Debian's packages, unpacked and never installed:
# DIRECTORY/vmlinuz and DIRECTORY/initrd (busybox, lspci, vgpu-regs, our init).
# Usage: lab/guest-image.sh amd64|i386 VGPU-REGS DIRECTORY
set -eu
. lab/lib.sh
. lab/tree.sh

[ $# = 3 ] || die "usage: lab/guest-image.sh amd64|i386 VGPU-REGS DIRECTORY"
arch=$1 program=$2 directory=$3
case $arch in
amd64) kernel=linux-image-cloud-amd64 ;;
i386) kernel=linux-image-686 ;;
*) die "no guest for architecture '$arch': amd64 or i386" ;;
esac

APT_CONFIG=$(lab/apt.sh bookworm "$arch" deb)
export APT_CONFIG
work=$directory.work
tree=$work/tree

download() {
    apt_update
    rm -rf "$work"
    mkdir -p "$work/debs" "$work/tools/partial"
    image=$(apt-cache depends "$kernel" | sed -n 's/^ *Depends: //p' | head -n 1)
    [ -n "$image" ] || { say "this mirror has no package $kernel"; return 1; }
    (cd "$work/debs" && apt-get -q download "$image")
    # The tools, with the libraries that they need.
    apt-get -q -y install --download-only -o Dir::Cache::archives="$PWD/$work/tools" \
        busybox-static pciutils pci.ids
}

assemble() {
    for package in "$work"/debs/*.deb "$work"/tools/*.deb; do
        dpkg-deb -x "$package" "$work/unpacked"
    done
    mkdir -p "$tree/bin" "$tree/lib" "$tree/usr/share/misc" \
        "$tree/proc" "$tree/sys" "$tree/dev"
    cp "$work"/unpacked/bin/busybox "$tree/bin/"
    cp "$work"/unpacked/usr/bin/lspci "$tree/bin/"
    cp "$work"/unpacked/usr/share/misc/pci.ids "$tree/usr/share/misc/"
    cp "$program" "$tree/bin/vgpu-regs"
    cp tests/guest/init "$tree/init"
    chmod 755 "$tree/init"
    copy_libraries "$work/unpacked" "$tree" "$tree/bin/lspci"
    copy_loader "$work/unpacked" "$tree" "$tree/bin/lspci"
    pack_tree "$tree" "$work/initrd"
    cp "$work"/unpacked/boot/vmlinuz-* "$work/vmlinuz"
}

if [ ! -f "$work/downloaded" ]; then
    timed download "guest $arch: download" download
    : >"$work/downloaded"
fi
rm -rf "$tree" "$work/unpacked"
timed work "guest $arch: image" assemble

mkdir -p "$directory"
mv "$work/vmlinuz" "$directory/vmlinuz"
mv "$work/initrd" "$directory/initrd"
rm -rf "$tree" "$work/unpacked"
