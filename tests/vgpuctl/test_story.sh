#!/bin/sh
# SPDX-License-Identifier: MIT
# The administrator's story, once and for real: the commands of docs/xcp-ng.md,
# as they stand there, from XCP-ng-shaped sources with a real QEMU in them to an
# installed and proved package, and back. Prints TAP.
# Usage: tests/vgpuctl/test_story.sh VGPUCTL DIRECTORY BUILD QEMU-SOURCE
set -eu
. lab/lib.sh

vgpuctl=$1 scratch=$2 build=$3 source=$(cd "$4" && pwd -P)
. tests/dom0/lib.sh

guide=$PWD/docs/xcp-ng.md
story=$PWD/tests/vgpuctl/story
version=$(cat "$source/VERSION")
# On the disk, beside the source: the host's directory is in memory.
work=$(realpath -m "$build")/story
rm -rf "$work"
mkdir -p "$work/qemu/SPECS" "$work/qemu/SOURCES" "$work/bin" "$work/home"

# XCP-ng's spec is written for a system whose sh is bash.
{
    cat "$HOME/.rpmmacros"
    echo '%_buildshell /bin/bash'
} >"$work/home/.rpmmacros"
export HOME="$work/home"

# ---- A checkout of the shape of xcp-ng-rpms/qemu ------------------------------

tree=$work/qemu-$version
cp -al "$source" "$tree"
# As it comes from Debian: without what our own build put in.
rm -f "$tree/hw/misc/vgpu-stub.c" "$tree/configs/devices/x86_64-softmmu/vgpu.mak"
grep -v vgpu-stub.c "$tree/hw/misc/meson.build" >"$work/meson.build"
rm "$tree/hw/misc/meson.build"
mv "$work/meson.build" "$tree/hw/misc/meson.build"
cp "$story/devices.mak" "$tree/configs/devices/i386-softmmu/story.mak"
tar czf "$work/qemu/SOURCES/keycodemapdb-story.tar.gz" -C "$tree" ui/keycodemapdb
tar cf - -C "$work" --exclude=ui/keycodemapdb "qemu-$version" | gzip -1 \
    >"$work/qemu/SOURCES/qemu-$version.tar.gz"
sed "s/@VERSION@/$version/" "$story/qemu.spec.in" >"$work/qemu/SPECS/qemu.spec"
cp "$story/story.patch" "$work/qemu/SOURCES/"
rm -rf "$tree"

# ---- The commands of the guide -------------------------------------------------

# On the host they act on the dom0 in a directory; nothing else is changed.
cat >"$work/bin/vgpuctl" <<WRAPPER
#!/bin/sh
verb=\$1
shift
case \$verb in
install | rollback | doctor) set -- --root "$root" "\$@" ;;
esac
exec "$vgpuctl" "\$verb" "\$@"
WRAPPER
chmod +x "$work/bin/vgpuctl"
PATH=$work/bin:$PATH

fresh
(cd "$root" && find usr -type f -exec sha256sum {} + | sort) >"$work/before"

awk '/^```sh (build|host)$/ { on = 1; next } /^```/ { on = 0 } on' "$guide" \
    >"$work/commands"
while read -r command; do
    log=$work/log
    here=$(printf '%s\n' "$command" | sed "s|/usr/lib64/|$root/usr/lib64/|")
    start=$(date +%s)
    if (cd "$work" && sh -c "$here") >"$log" 2>&1 </dev/null; then
        pass "/story/$command"
        echo "# $(($(date +%s) - start)) s: $(tail -n 1 "$log")"
    else
        fail "/story/$command"
    fi
done <"$work/commands"

# ---- What the story came to ----------------------------------------------------

check /story/the-guide-has-its-commands [ "$(wc -l <"$work/commands")" -ge 7 ]
(cd "$root" && find usr -type f -exec sha256sum {} + | sort) >"$work/after"
log=$work/log
check /story/the-host-is-as-it-was diff "$work/before" "$work/after"
rm -rf "$work/rpmbuild" "$work/qemu"
finish
