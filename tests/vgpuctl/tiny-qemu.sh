# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: MIT
# A checkout of the shape of XCP-ng's QEMU RPM repository, small enough to build
# in a second: the archives, patches, configure, keymap-gen and compiler are
# real, only the program is not QEMU. To be sourced; wants $scratch.

# rpm's database for the tests: the host's has no part in them.
tiny_rpm_home() {
    HOME=$scratch/home
    export HOME
    mkdir -p "$HOME" "$scratch/db"
    printf '%%_dbpath %s\n' "$scratch/db" >"$HOME/.rpmmacros"
    rpm --initdb
}

# The tree that becomes Source0, in $1.
tiny_tree() {
    mkdir -p "$1/hw/misc" "$1/ui"
    cat >"$1/configure" <<'EOF'
#!/bin/sh
# What QEMU 4.2.1's configure says of what it misses.
if ! test -f ui/keycodemapdb/README; then
    echo
    echo "ERROR: missing file $PWD/ui/keycodemapdb/README"
    echo
    exit 1
fi
if ! pkg-config --atleast-version=2.40 "${TINY_GTHREAD:-gthread-2.0}"; then
    echo
    echo "ERROR: glib-2.40 gthread-2.0 is required to compile QEMU"
    echo
    exit 1
fi
EOF
    chmod +x "$1/configure"
    cat >"$1/Makefile" <<'EOF'
include hw/misc/Makefile.objs
CFLAGS := -O2 -Wall -Werror -I.
all: qemu-system-i386
ui/input-keymap-a-to-b.c:
	@echo "  GEN     $@"
	@test -e ui/keycodemapdb/tools/keymap-gen && \
	    python3 ui/keycodemapdb/tools/keymap-gen code-map --lang glib2 \
	    --varname map ui/keycodemapdb/data/keymaps.csv a b >$@ || rm -f $@
ui/keys.o: ui/input-keymap-a-to-b.c
%.o: %.c
	@echo "  CC      $@"
	@gcc $(CFLAGS) -c $< -o $@
qemu-system-i386: main.o ui/keys.o $(addprefix hw/misc/,$(obj-y))
	@echo "  LINK    $@"
	@gcc $^ -o $@
EOF
    cat >"$1/main.c" <<'EOF'
#include <stdio.h>

int main(void)
{
    puts("a small program");
    return 0;
}
EOF
    printf '#include "ui/input-keymap-a-to-b.c"\n' >"$1/ui/keys.c"
    printf '#include <stdint.h>\ntypedef struct Class { uint16_t class_id; } Class;\n' >"$1/pci.h"
    printf 'obj-y :=\n' >"$1/hw/misc/Makefile.objs"
}

# The database of key codes, in $1; with "old" as $2 its generator is one that
# knows no --lang.
tiny_keycodemapdb() {
    mkdir -p "$1/tools" "$1/data"
    echo "a,b" >"$1/data/keymaps.csv"
    echo "key codes" >"$1/README"
    {
        cat <<'EOF'
import argparse
parser = argparse.ArgumentParser(prog="keymap-gen")
parser.add_argument("command")
EOF
        [ "${2:-}" = old ] || cat <<'EOF'
parser.add_argument("--lang")
parser.add_argument("--varname")
EOF
        cat <<'EOF'
parser.add_argument("rest", nargs="*")
args = parser.parse_intermixed_args()
print("const unsigned short %s[] = { 1 };" % args.varname)
EOF
    } >"$1/tools/keymap-gen"
}

tiny_patches() {
    cat >"$1/0001-say-more.patch" <<'EOF'
--- a/main.c
+++ b/main.c
@@ -2,6 +2,7 @@

 int main(void)
 {
+    puts("patched");
     puts("a small program");
     return 0;
 }
EOF
    # Two lines of context differ at either end: it applies with fuzz 2 only.
    cat >"$1/fuzzy.patch" <<'EOF'
--- a/main.c
+++ b/main.c
@@ -3,6 +3,7 @@
 long main(void)
 [
     puts("patched");
+    puts("with fuzz");
     puts("a small program");
     return 1;
 ]
EOF
}

# The device: what the tests need of it, an object file of that name.
tiny_device() {
    cat >"$1" <<'EOF'
#include "pci.h"

void vgpu_stub_class_init(Class *k);

void vgpu_stub_class_init(Class *k)
{
    k->class_id = 0x1200;
}
EOF
}

# A spec of XCP-ng's shape, stdout. TINY_VERSION, TINY_RELEASE, TINY_NEEDS (its
# BuildRequires) and TINY_DEVICE (what integrating adds) change it.
tiny_spec() {
    cat <<EOF
%global package_speccommit 0123456789abcdef
%global usver 4.2.1
%global xsver ${TINY_RELEASE:-5.2.15}
%global xsrel %{xsver}%{?xscount}%{?xshash}

%define keycodemapdb_path ui/keycodemapdb
%define with_asan 0

Summary: qemu-dm device model
Name: qemu
Epoch: 2
Version: ${TINY_VERSION:-4.2.1}
Release: %{?xsrel}.2%{?dist}
License: GPL
Source0: qemu-4.2.1.tar.gz
Source2: keycodemapdb-22b8.tar.gz
${TINY_DEVICE:+Source3: vgpu-stub.c}

# patches
Patch1: 0001-say-more.patch
Patch1000: fuzzy.patch

${TINY_NEEDS:+BuildRequires: $TINY_NEEDS}
%if %{with_asan} == 0
${TINY_NEEDS:+BuildRequires: tiny-jemalloc-devel}
%else
BuildRequires: tiny-libasan
%endif
%{?_cov_buildrequires}

%description
This package contains a small program in QEMU's place.

%package debuginfo
Summary: what rpmbuild would make of the debug information

%description debuginfo
Never to be installed.

%package debugsource
Summary: the same for sources

%description debugsource
Never to be installed.

%prep
%autosetup -p1
%{?_cov_prepare}

# submodule ui/keymapcodedb
tar xzf %{SOURCE2}
EOF
    [ -z "${TINY_DEVICE:-}" ] || cat <<'EOF'
cp -a %{SOURCE3} hw/misc/vgpu-stub.c
echo "obj-y += vgpu-stub.o" >> hw/misc/Makefile.objs
EOF
    cat <<'EOF'

%build
./configure --enable-werror
%{?_cov_wrap} %{__make} %{?_smp_mflags} all

%install
rm -rf %{buildroot}
mkdir -p %{buildroot}/usr/lib64/xen/bin
cp qemu-system-i386 %{buildroot}/usr/lib64/xen/bin/

%files
/usr/lib64/xen/bin/qemu-system-i386

%files debuginfo

%files debugsource

%changelog
* Tue Nov 16 2025 Nobody <nobody@example.org> - 4.2.1-5.2.15.2
- A day of the week that does not fit, as in XCP-ng's
EOF
}

# The whole checkout, in $1. TINY_KEYCODEMAPDB=old: with the other keymap-gen.
tiny_checkout() {
    tiny_work=$scratch/tiny-work
    rm -rf "$tiny_work"
    mkdir -p "$tiny_work/ui" "$1/SPECS" "$1/SOURCES"
    tiny_tree "$tiny_work/qemu-4.2.1"
    tiny_keycodemapdb "$tiny_work/ui/keycodemapdb" "${TINY_KEYCODEMAPDB:-}"
    tar -C "$tiny_work" -czf "$1/SOURCES/qemu-4.2.1.tar.gz" qemu-4.2.1
    tar -C "$tiny_work" -czf "$1/SOURCES/keycodemapdb-22b8.tar.gz" ui/keycodemapdb
    tiny_patches "$1/SOURCES"
    tiny_spec >"$1/SPECS/qemu.spec"
}

# What Git leaves where Git LFS has not been: $1 the file, $2 the bytes that it
# stands for.
tiny_pointer() {
    printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize %s\n' \
        "$2" "$2" >"$1"
}

# An RPM that provides $1 and has no files; prints its path.
tiny_package() {
    mkdir -p "$scratch/tiny-packages"
    cat >"$scratch/tiny-packages/$1.spec" <<EOF
Name: provides-$1
Version: 1
Release: 1
Summary: nothing but a name
License: MIT
BuildArch: noarch
Provides: $1
%description
Nothing.
%files
EOF
    rpmbuild --define "_topdir $scratch/tiny-packages" -bb \
        "$scratch/tiny-packages/$1.spec" 2>&1 |
        sed -n 's/^Wrote: \(.*\.rpm\)$/\1/p'
}
