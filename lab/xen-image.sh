#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the base of a Xen host of Debian's packages, unpacked and never
# installed: DIRECTORY/xen is the hypervisor, DIRECTORY/vmlinux dom0's kernel,
# DIRECTORY/base.cpio.gz all of dom0 that does not come from this repository
# (xl, xenstored, hvmloader, the firmware, the libraries that the PROGRAMs need),
# and DIRECTORY/versions says what it is made of. What has been downloaded is kept
# beside it, in DIRECTORY.work.
# Usage: lab/xen-image.sh DIRECTORY PROGRAM...
set -eu
. lab/lib.sh
. lab/tree.sh

[ $# -ge 1 ] || die "usage: lab/xen-image.sh DIRECTORY PROGRAM..."
directory=$1
shift
work=$directory.work
tree=$work/tree

# XCP-ng 8.3's version.
xen=4.17
# dom0 takes the kernel with drivers for Xen's control devices; cloud ones have none.
kernel=linux-image-amd64
# The packages' own dependencies come with them. qemu-system-data has the option
# ROM that starts a kernel.
packages="xen-utils-$xen xenstore-utils seabios qemu-system-data busybox-static
    libglib2.0-0 libjson-glib-1.0-0 libpixman-1-0 libfdt1 libseccomp2"
# In the order in which they need each other. ext4: for a disk with what is too large
# for a file system in memory.
modules='xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs
    virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk
    crc16 crc32c_generic mbcache jbd2 ext4'

APT_CONFIG=$(lab/apt.sh bookworm amd64 deb)
export APT_CONFIG

download() {
    apt_update
    rm -rf "$work"
    mkdir -p "$work/debs" "$work/tools/partial"
    image=$(apt-cache depends "$kernel" | sed -n 's/^ *Depends: //p' | head -n 1)
    [ -n "$image" ] || { say "this mirror has no package $kernel"; return 1; }
    (cd "$work/debs" && apt-get -q download "$image" "xen-hypervisor-$xen-amd64")
    # shellcheck disable=SC2086
    apt-get -q -y install --download-only -o Dir::Cache::archives="$PWD/$work/tools" $packages
}

# take PATH...: files of the packages, to the same place in the tree.
take() {
    for path in "$@"; do
        mkdir -p "$tree$(dirname "$path")"
        cp -L "$work/unpacked$path" "$tree$path"
    done
}

# take_program PATH...: the same, with their libraries.
take_program() {
    take "$@"
    for program in "$@"; do
        copy_libraries "$work/unpacked" "$tree" "$tree$program"
    done
}

# number OFFSET BYTES FILE: a number in it, lowest byte first.
number() { od -An -t "u$2" -j "$1" -N "$2" "$3" | tr -d ' '; }

# unpack_kernel BZIMAGE FILE: the kernel within it (Linux's boot protocol, 2.08: sectors
# of the setup, place and length of what is packed). Xen in the emulated machine would
# be busy with it for seconds, without looking at the clock.
unpack_kernel() {
    at=$((($(number 497 1 "$1") + 1) * 512 + $(number 584 4 "$1")))
    tail -c "+$((at + 1))" "$1" | head -c "$(number 588 4 "$1")" | xz -dc --single-stream >"$2"
}

assemble() {
    mkdir -p "$work/unpacked"
    for package in "$work"/tools/*.deb "$work"/debs/xen-*.deb; do
        dpkg-deb -x "$package" "$work/unpacked"
    done
    # Of the kernel's 400 MB the few that are used.
    dpkg-deb --fsys-tarfile "$work"/debs/linux-image-*.deb |
        tar -x -C "$work/unpacked" --wildcards './boot/vmlinuz-*' \
            './lib/modules/*/kernel/drivers/xen' './lib/modules/*/kernel/drivers/virtio' \
            './lib/modules/*/kernel/drivers/block/virtio_blk.ko' \
            './lib/modules/*/kernel/fs/ext4' './lib/modules/*/kernel/fs/jbd2' \
            './lib/modules/*/kernel/fs/mbcache.ko' './lib/modules/*/kernel/lib/crc16.ko' \
            './lib/modules/*/kernel/crypto/crc32c_generic.ko'
    tools=/usr/lib/xen-$xen
    take /bin/busybox "$tools/boot/hvmloader" /usr/share/seabios/bios-256k.bin \
        /usr/share/qemu/linuxboot.bin /usr/share/qemu/multiboot.bin
    # QEMU asks for the ROM that loads by DMA, which its fw_cfg has not under Xen.
    mv "$tree/usr/share/qemu/multiboot.bin" "$tree/usr/share/qemu/multiboot_dma.bin"
    take_program "$tools/bin/xl" "$tools/bin/libxl-save-helper" "$tools/bin/xenstored" \
        "$tools/bin/xenconsoled" "$tools/bin/xen-init-dom0" \
        /usr/bin/xenstore-read /usr/bin/xenstore-write /usr/bin/xenstore-ls
    copy_loader "$work/unpacked" "$tree" "$tree/usr/bin/xenstore-read"
    # The shim opens it by its name.
    copy_libraries "$work/unpacked" "$tree" "$work/unpacked/usr/lib/x86_64-linux-gnu/libxenstore.so.4"
    for program in "$@"; do
        copy_libraries "$work/unpacked" "$tree" "$program"
    done
    mkdir -p "$tree/modules"
    for module in $modules; do
        cp "$(find "$work/unpacked/lib/modules" -name "$module.ko")" "$tree/modules/"
    done
    # shellcheck disable=SC2086
    echo $modules >"$tree/modules/order"
    pack_tree "$tree" "$work/base.cpio.gz"
    unpack_kernel "$work"/unpacked/boot/vmlinuz-* "$work/vmlinux"
    gzip -dc "$work/unpacked/boot/xen-$xen-amd64.gz" >"$work/xen"
    for package in "$work"/debs/*.deb "$work/tools/seabios_"*.deb; do
        # shellcheck disable=SC2016
        dpkg-deb -W --showformat '${Package} ${Version}\n' "$package"
    done >"$work/versions"
}

if [ ! -f "$work/downloaded" ]; then
    timed download "xen: download" download
    : >"$work/downloaded"
fi
rm -rf "$tree" "$work/unpacked"
timed work "xen: image" assemble "$@"

mkdir -p "$directory"
# base.cpio.gz last: it is what the Makefile looks at.
for file in xen vmlinux versions base.cpio.gz; do
    mv "$work/$file" "$directory/$file"
done
rm -rf "$tree" "$work/unpacked"
