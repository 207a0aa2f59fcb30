#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds a minimal QEMU with vgpu-stub in it, with a progress line.
# Usage: lab/qemu-build.sh SOURCE DROP-IN BINARY [CONFIGURE-OPTION...]
# SOURCE is a tree that lab/qemu-source.sh made. A tree that was built before
# is built on: a changed drop-in takes seconds.
set -eu
. lab/lib.sh

[ $# -ge 3 ] || die "usage: lab/qemu-build.sh SOURCE DROP-IN BINARY [OPTION...]"
source=$(cd "$1" && pwd -P) drop_in=$2 binary=$3
shift 3
name=$(basename "$(dirname "$binary")")
work=$(dirname "$binary")/work
target=x86_64-softmmu

# The drop-in as its users do it: one file, one line.
device=$source/hw/misc/vgpu-stub.c
cmp -s "$drop_in" "$device" || cp "$drop_in" "$device"
meson=$source/hw/misc/meson.build
if ! grep -q vgpu-stub.c "$meson"; then
    list=$(grep -o -m 1 '^\(softmmu\|system\)_ss' "$meson") ||
        die "$meson adds to neither softmmu_ss nor system_ss"
    printf "%s.add(files('vgpu-stub.c'))\n" "$list" >>"$meson"
fi
cp lab/qemu-devices.mak "$source/configs/devices/$target/vgpu.mak"

# Firmware from Debian's packages: the source package has none.
set -- --target-list=$target \
    --without-default-features --without-default-devices \
    --with-devices-x86_64=vgpu --enable-werror \
    --disable-docs --enable-trace-backends=log --disable-debug-info \
    --firmwarepath=/usr/share/qemu:/usr/share/seabios \
    --with-pkgversion=vgpu-stub "$@"

configure() {
    rm -rf "$work"
    mkdir -p "$work"
    # Debian's tools only: a python or ninja from elsewhere may come first.
    (cd "$work" && PATH=/usr/sbin:/usr/bin:/sbin:/bin "$source/configure" "$@")
    printf '%s\n' "$wanted" >"$work/configured"
}
wanted=$(printf '%s\n' "$source" "$@"; cat lab/qemu-devices.mak)
[ "$(cat "$work/configured" 2>/dev/null)" = "$wanted" ] ||
    timed work "$name: configure" configure "$@"

# On a terminal one line that counts; in a log a line now and then.
progress() {
    awk -v name="$name" -v tty="$([ -t 1 ] && echo 1)" '
        BEGIN { srand(); start = srand() }
        match($0, /^\[[0-9]+\/[0-9]+\]/) {
            split(substr($0, 2, RLENGTH - 2), n, "/")
            percent = int(100 * n[1] / n[2])
            if (tty) {
                printf "\r  %-40s %3d %%", name ": compile", percent
                fflush()
            } else if (percent >= next_line) {
                srand(); printf "  %s: compile %d %% (%d s)\n", name, percent, srand() - start
                fflush()
                next_line = percent + 20
            }
        }
        END { if (tty) printf "\r%60s\r", "" }'
}

# The linker's long list of files is kept: lab/qemu-with.sh links with it again.
mkdir -p "$LOGS"
log=$LOGS/$name-compile.log
start=$(date +%s)
rm -f "$work/compiled"
{
    if PATH=/usr/sbin:/usr/bin:/sbin:/bin ninja -d keeprsp -C "$work" \
        qemu-system-x86_64 2>&1; then
        : >"$work/compiled"
    fi
} | tee "$log" | progress
if [ ! -f "$work/compiled" ]; then
    grep -v '^\[[0-9]*/[0-9]*\] [A-Z]' "$log" | tail -n 20 | sed 's/^/    /' >&2
    die "$name does not compile; the whole output is in $log"
fi
# Beside its build tree QEMU would look for firmware inside that tree.
cp "$work/qemu-system-x86_64" "$binary.new"
mv "$binary.new" "$binary"
seconds=$(($(date +%s) - start))
printf '  %-44s%4d s\n' "$name: compile" "$seconds"
printf 'work %s %s\n' "$seconds" "$name: compile" >>"$STEPS"
