#!/bin/sh
# SPDX-License-Identifier: MIT
# Links the QEMU that lab/qemu-build.sh built once more, with another drop-in in
# place of ours: seconds instead of a build. The build itself stays as it is.
# Usage: lab/qemu-with.sh WORK DROP-IN BINARY [SOURCE LINKER-OPTION...]
# SOURCE is a C file to compile and link in beside it. $VGPU_CC is the compiler
# (default: the build's own), $VGPU_CFLAGS goes behind the build's own flags.
set -eu
. lab/lib.sh

[ $# -ge 3 ] || die "usage: lab/qemu-with.sh WORK DROP-IN BINARY [SOURCE OPTION...]"
work=$1 drop_in=$(realpath "$2") binary=$(realpath -m "$3")
extra=${4:+$(realpath "$4")}
shift 3
[ -z "$extra" ] || shift

object=$(cd "$work" && ninja -t targets all | sed -n 's/^\([^:]*hw_misc_vgpu-stub\.c\.o\):.*/\1/p')
[ -n "$object" ] || die "$work is no build with vgpu-stub in it"
mkdir -p "$(dirname "$binary")"
cd "$work"

compile() {
    from=$1 to=$2
    command=$(ninja -t commands "$object" | tail -n 1 |
        sed "s|$object|$to|g; s| -c [^ ]*$| -c $from|")
    [ -z "${VGPU_CC:-}" ] || command="$VGPU_CC ${command#* }"
    eval "$command ${VGPU_CFLAGS:-}"
}

compile "$drop_in" "$binary.o"
[ -z "$extra" ] || compile "$extra" "$binary.extra.o"
replace="s|-o qemu-system-x86_64 |-o $binary |
    s|$object|$binary.o ${extra:+$binary.extra.o}|"
link=$(ninja -t commands qemu-system-x86_64 | tail -n 1 | sed "$replace")
# A long command stands in a file.
file=qemu-system-x86_64.rsp
case $link in
*"@$file"*)
    sed "$replace" "$file" >"$binary.rsp"
    link=$(printf '%s\n' "$link" | sed "s|@$file|@$binary.rsp|")
    ;;
esac
eval "$link $*"
