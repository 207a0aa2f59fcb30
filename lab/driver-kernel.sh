#!/bin/sh
# SPDX-License-Identifier: MIT
# A kernel for the driver's tests, of Debian's packages, unpacked and never
# installed: DIRECTORY/vmlinuz, and DIRECTORY/headers, which builds modules for it.
# Usage: lab/driver-kernel.sh 5.10|6.1|6.12 DIRECTORY
set -eu
. lab/lib.sh

[ $# = 2 ] || die "usage: lab/driver-kernel.sh 5.10|6.1|6.12 DIRECTORY"
version=$1 directory=$2
# The tools in a headers package have to run here: those of a later release do not.
case $version in
5.10) release=bullseye ;;
6.1 | 6.12) release=bookworm ;;
*) die "no kernel '$version': 5.10, 6.1 or 6.12" ;;
esac

APT_CONFIG=$(lab/apt.sh "$release" amd64 deb)
export APT_CONFIG
work=$directory.work

# The newest of a version, such as 6.1.0-56-cloud-amd64.
newest() {
    apt-cache search --names-only "^linux-headers-${version}[.].*-cloud-amd64\$" |
        sed 's/^linux-headers-\([^ ]*\) .*/\1/' | sort -V | tail -n 1
}

# What a headers package needs beside itself.
needed() {
    apt-cache depends "linux-headers-$1" |
        sed -n 's/^ *Depends: \(linux-headers-.*-common\|linux-kbuild-.*\)/\1/p'
}

download() {
    apt_update
    rm -rf "$work"
    mkdir -p "$work/debs"
    kernel=$(newest)
    [ -n "$kernel" ] || { say "this mirror has no kernel $version"; return 1; }
    # shellcheck disable=SC2046
    (cd "$work/debs" && apt-get -q download "linux-image-$kernel" \
        "linux-headers-$kernel" $(needed "$kernel"))
    echo "$kernel" >"$work/kernel"
}

# The packages name one another by their place in /usr/src.
unpack() {
    rm -rf "$directory/root" "$directory/headers"
    mkdir -p "$directory"
    kernel=$(cat "$work/kernel")
    for package in "$work"/debs/linux-headers-* "$work"/debs/linux-kbuild-*; do
        dpkg-deb -x "$package" "$directory/root"
    done
    dpkg-deb --fsys-tarfile "$work"/debs/linux-image-* |
        tar -x -C "$work" "./boot/vmlinuz-$kernel"
    mv "$work/boot/vmlinuz-$kernel" "$directory/vmlinuz"
    headers=$directory/root/usr/src/linux-headers-$kernel
    sed -i "s|/usr/src/|$(realpath "$directory")/root/usr/src/|" "$headers/Makefile"
    # This system's compiler, not that of the kernel's release.
    sed -i '/^\(override \)\?CC *=/d; /^\(override \)\?COMPILER *=/d' \
        "$headers/.kernelvariables"
    ln -s "root/usr/src/linux-headers-$kernel" "$directory/headers"
    # For make: not as old as the package.
    touch "$directory/vmlinuz"
}

if [ ! -f "$work/downloaded" ]; then
    timed download "kernel $version: download" download
    : >"$work/downloaded"
fi
timed work "kernel $version: unpack" unpack
