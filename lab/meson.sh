#!/bin/sh
# SPDX-License-Identifier: MIT
# Unpacks the meson of a newer release into DIRECTORY, for PYTHONPATH: QEMU 10
# wants one that is newer than bookworm's, and it is plain Python.
# Usage: lab/meson.sh RELEASE DIRECTORY
set -eu
. lab/lib.sh

[ $# = 2 ] || die "usage: lab/meson.sh RELEASE DIRECTORY"
release=$1 directory=$2
APT_CONFIG=$(lab/apt.sh "$release" "$(dpkg --print-architecture)" deb)
export APT_CONFIG

download() {
    apt_update
    rm -rf "$directory" "$directory.new"
    mkdir -p "$directory.new"
    cd "$directory.new"
    apt-get -q download meson
    dpkg-deb -x meson_*.deb .
    mv usr/lib/python3/dist-packages "$top/$directory"
    rm -rf "$top/$directory.new"
}

top=$PWD
timed download "meson ($release): download" download
