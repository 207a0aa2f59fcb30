#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a read-only disk of dom0 with a root that vgpud and its worker find an OpenCL
# runtime in: PoCL, its compiler and linker, and the libraries of the PROGRAMs, from the
# packages that this system has installed (lab/packages.list). It is no part of dom0's
# initrd, because that lies in memory. It is made anew when anything that goes into it
# has changed: FILE.made-of.
# Usage: tests/xen/make-opencl.sh FILE PROGRAM...
set -eu
. lab/lib.sh

[ $# -ge 2 ] || die "usage: tests/xen/make-opencl.sh FILE PROGRAM..."
file=$1
shift
tree=$file.tree
PATH=$PATH:/usr/sbin:/sbin

# All files of these, but for those of a processor with AVX, which the emulated one is not.
packages='pocl-opencl-icd libpocl2 libpocl2-common ocl-icd-libopencl1'

# The libraries of programs and libraries, and theirs. (Some libraries are a linker's
# script.)
libraries() {
    for program in "$@"; do
        ldd "$program" 2>/dev/null | sed -n 's/^[^/]*\(\/[^ ]*\) (0x.*/\1/p'
    done
}

files() {
    # shellcheck disable=SC2086
    installed=$(dpkg -L $packages | grep '^/' |
        grep -v -e '^/usr/share/doc/' -e '^/usr/share/lintian/' -e '/kernel-.*-avx')
    for path in $installed; do
        [ -d "$path" ] || echo "$path"
    done
    # PoCL links each kernel with it, and with what a compiler links all with.
    echo /usr/bin/ld
    for part in crtbegin.o crtbeginS.o crtendS.o crti.o crtn.o libgcc.a libgcc_s.so \
        libc.so libc_nonshared.a libm.so libmvec.so.1; do
        gcc -print-file-name=$part
    done
    for path in $installed; do
        case $path in
        *.so | *.so.*) libraries "$path" ;;
        esac
    done
    libraries /usr/bin/ld "$@"
}

# Programs come and go with dom0's initrd; here is the place for them.
assemble() {
    rm -rf "$tree"
    mkdir -p "$tree/usr/bin" "$tree/usr/lib" "$tree/usr/lib64" "$tree/usr/libexec/vgpu" \
        "$tree/dev" "$tree/proc" "$tree/sys" "$tree/run" "$tree/tmp" "$tree/var/cache"
    for directory in bin lib lib64; do
        ln -s "usr/$directory" "$tree/$directory"
    done
    while read -r path; do
        mkdir -p "$tree$(dirname "$path")"
        cp -L "$path" "$tree$path"
    done <"$file.files"
    chmod -R u=rwX,go=rX "$tree"
    # Room for the file system's own tables.
    rm -f "$file.new"
    mke2fs -q -t ext4 -O '^has_journal' -m 0 -E root_owner=0:0 -d "$tree" "$file.new" \
        "$(($(du -sm "$tree" | cut -f1) * 21 / 20 + 8))M"
    rm -rf "$tree"
}

mkdir -p "$(dirname "$file")"
# One line a file, whichever way a path to it has been written.
files "$@" | while read -r path; do
    echo "$(realpath "$(dirname "$path")")/$(basename "$path")"
done | sort -u >"$file.files"
{
    cksum "$0"
    xargs stat -L -c '%n %s %Y' <"$file.files"
} >"$file.made-of.new"
if [ -f "$file" ] && cmp -s "$file.made-of" "$file.made-of.new"; then
    rm -f "$file.made-of.new" "$file.files"
    exit 0
fi
rm -f "$file.made-of"
timed work "xen: disk with OpenCL" assemble
mv "$file.new" "$file"
mv "$file.made-of.new" "$file.made-of"
rm -f "$file.files"
