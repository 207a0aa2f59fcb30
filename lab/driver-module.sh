#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the driver for a kernel of lab/driver-kernel.sh, with all warnings as
# errors, and with sparse where it is installed: KERNEL/vgpu_stub.ko.
# Usage: lab/driver-module.sh KERNEL
set -eu
. lab/lib.sh

[ $# = 1 ] || die "usage: lab/driver-module.sh KERNEL"
kernel=$1

# Kbuild writes beside the sources, so it gets a copy of them.
build() {
    rm -rf "$kernel/module"
    mkdir -p "$kernel/module/include"
    cp -r driver "$kernel/module/"
    cp -r include/vgpu "$kernel/module/include/"
    check=
    ! command -v sparse >/dev/null || check='C=2 CF=-D__CHECK_ENDIAN__'
    # Type information for BPF needs a vmlinux that no package has.
    # shellcheck disable=SC2086
    make -C "$kernel/module/driver" KDIR="$(realpath "$kernel/headers")" \
        CC=gcc W=1 KCFLAGS=-Werror CONFIG_DEBUG_INFO_BTF_MODULES= $check \
        modules 2>&1 | tee "$kernel/module/output"
    # sparse and the tools warn without failing.
    if grep -E '(warning|error):' "$kernel/module/output"; then return 1; fi
    cp "$kernel/module/driver/vgpu_stub.ko" "$kernel/vgpu_stub.ko"
}

timed work "driver: $(basename "$kernel")" build
