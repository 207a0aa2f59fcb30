#!/bin/sh
# SPDX-License-Identifier: MIT
# Fetches and unpacks Debian's source package of QEMU, patches applied, and
# makes DIRECTORY a link to it.
# Usage: lab/qemu-source.sh RELEASE DIRECTORY    (bookworm has 7.2, trixie 10.0)
set -eu
. lab/lib.sh

[ $# = 2 ] || die "usage: lab/qemu-source.sh RELEASE DIRECTORY"
release=$1 directory=$2
top=$PWD

APT_CONFIG=$(lab/apt.sh "$release" "$(dpkg --print-architecture)" deb-src)
export APT_CONFIG
store=$top/$BUILD/source/$release
mkdir -p "$store"

download() {
    apt_update
    cd "$store"
    rm -rf new
    mkdir new
    cd new
    # apt checks the signature of the list and with it each file's sum.
    apt-get -q source --download-only qemu
    mv -f ./* ..
    rmdir "$store/new"
}

unpack() {
    rm -rf "$store/unpacking"
    # Signed by a person whose key need not be here; apt has checked the sums.
    dpkg-source --no-check -x "$dsc" "$store/unpacking"
    rm -rf "$store/qemu"
    mv "$store/unpacking" "$store/qemu"
}

# First, so that nothing is left that looks like a whole tree.
rm -f "$directory" "$store"/*.dsc
timed download "qemu source ($release): download" download
dsc=$(echo "$store"/qemu_*.dsc)
[ -f "$dsc" ] || die "apt-get source left no qemu_*.dsc in $store"
timed work "qemu source ($release): unpack" unpack

# Last, so that a half-made tree is never taken for a whole one.
ln -sfn "$store/qemu" "$directory"
