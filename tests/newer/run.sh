#!/bin/sh
# SPDX-License-Identifier: MIT
# The drop-in in QEMU 10.0, the source package of Debian's next release, built
# here under -Werror; then every qtest and a guest on that QEMU. Prints TAP.
# Where the source cannot be had, it is skipped and says so.
# Usage: tests/newer/run.sh DROP-IN DIRECTORY TEST-PROGRAM...
set -u
. lab/lib.sh

drop_in=$1 directory=$2
shift 2
release=trixie
qemu=$directory/qemu-system-x86_64

fetched() {
    [ -d "$BUILD/source-10.0/" ] && [ -d "$BUILD/meson-$release/" ]
}

# Only a mirror without that release is a reason to skip; all else is a fault.
# What is here already needs no mirror.
if ! fetched && ! reachable=$(lab/mirror-has.sh $release); then
    echo "1..1"
    echo "ok 1 /newer # SKIP no QEMU 10.0: $reachable; a Debian mirror that has $release makes this run"
    exit 0
fi
if ! { [ -d "$BUILD/source-10.0/" ] ||
    lab/qemu-source.sh $release "$BUILD/source-10.0"; } ||
    ! { [ -d "$BUILD/meson-$release/" ] ||
        lab/meson.sh $release "$BUILD/meson-$release"; }; then
    echo "1..1"
    echo "not ok 1 /newer/fetched"
    exit 1
fi

mkdir -p "$directory"
echo "1..1"
if PYTHONPATH=$PWD/$BUILD/meson-$release lab/qemu-build.sh \
    "$BUILD/source-10.0" "$drop_in" "$qemu" \
    --enable-tcg --disable-fdt --disable-install-blobs; then
    echo "ok 1 /newer/compiled: $("$qemu" -version | head -n 1)"
else
    echo "not ok 1 /newer/compiled"
    exit 1
fi

# Telling each BAR that is registered, for the test that asks for it.
lab/qemu-with.sh "$directory/work" "$drop_in" "$directory/watched" \
    tests/faults/bar-watch.c -Wl,--wrap=pci_register_bar || exit 1

status=0
for test in "$@"; do
    VGPU_QEMU=$qemu VGPU_QEMU_BAR_WATCH=$directory/watched VGPU_ACCEL=tcg \
        "$test" --tap || status=1
done
exit $status
