#!/bin/sh
# SPDX-License-Identifier: MIT
# The administrator's story, once and for real: the commands of docs/xcp-ng.md,
# as they stand there, from XCP-ng-shaped sources with a real QEMU in them to a
# VM that has the device, and back. Prints TAP; with --show, for `make demo`, the
# commands and what they say instead, and a QEMU that was built by an earlier
# such run is taken again.
# Usage: tests/vgpuctl/test_story.sh VGPUCTL DIRECTORY BUILD QEMU-SOURCE [--show]
set -eu
. lab/lib.sh

vgpuctl=$1 scratch=$2 build=$3 source=$(cd "$4" && pwd -P) show=${5:-}
. tests/dom0/lib.sh
. tests/dom0/host.sh

guide=$PWD/docs/xcp-ng.md
story=$PWD/tests/vgpuctl/story
version=$(cat "$source/VERSION")
# On the disk, beside the source: the host's directory is in memory.
work=$(realpath -m "$build")/story
kept=$work-kept
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
made_of=$(cat "$source/VERSION" "$story"/* vgpu-stub.c | sha256sum)

# ---- The host -------------------------------------------------------------------

fresh
toolstack_start
vm_new 55555555-0000-4000-8000-000000000000 web

# On the host they act on the dom0 in a directory; nothing else is changed.
cat >"$work/bin/vgpuctl" <<WRAPPER
#!/bin/sh
verb=\$1
shift
case \$verb in
prepare | integrate | build) ;;
*) set -- --root "$root" "\$@" ;;
esac
exec "$vgpuctl" "\$verb" "\$@"
WRAPPER
cat >"$work/bin/xe" <<WRAPPER
#!/bin/sh
exec "$root/opt/xensource/bin/xe" "\$@"
WRAPPER
chmod +x "$work/bin/vgpuctl" "$work/bin/xe"
PATH=$work/bin:$PATH
xe() { "$work/bin/xe" "$@"; }
vm=55555555-0000-4000-8000-000000000000

stock() {
    (cd "$root" && find usr opt etc -type f -exec sha256sum {} + | sort)
    xe vm-param-list uuid="$vm" | grep platform
}
stock >"$work/before"

# ---- The commands of the guide -------------------------------------------------

# build: the real thing, or for a show what an earlier one has left.
run_build() {
    if [ "$show" ] && [ "$(cat "$kept/made-of" 2>/dev/null)" = "$made_of" ]; then
        cp -a "$kept/RPMS" "$kept/vgpuctl-build.log" "$work/rpmbuild/"
        echo "(taken from the last run: its sources are the same)"
        return
    fi
    (cd "$work" && vgpuctl build) || return 1
    rm -rf "$kept"
    mkdir -p "$kept"
    cp -a "$work/rpmbuild/RPMS" "$work/rpmbuild/vgpuctl-build.log" "$kept/"
    echo "$made_of" >"$kept/made-of"
}

# run_command COMMAND: as it stands in the guide, its output in the log.
run_command() {
    if [ "$1" = 'vgpuctl build' ]; then
        run_build
        return
    fi
    here=$(printf '%s\n' "$1" | sed "s|^/usr/lib64/|$root/usr/lib64/|")
    (cd "$work" && sh -c "$here")
}

commands() {
    awk -v kinds="$1" '$0 ~ "^```sh (" kinds ")$" { on = 1; next } /^```/ { on = 0 } on' "$guide"
}
commands 'build|host|look' >"$work/commands"
log=$work/log
while read -r command; do
    start=$(date +%s)
    [ -z "$show" ] || printf '\n\033[1m# %s\033[0m\n' "$command"
    if run_command "$command" >"$log" 2>&1 </dev/null; then
        if [ "$show" ]; then cat "$log"; else
            pass "/story/$command"
            echo "# $(($(date +%s) - start)) s: $(tail -n 1 "$log")"
        fi
    elif [ "$show" ]; then
        cat "$log"
        tail -n 5 "$root$DAEMON_LOG" >&2
        die "it failed: $command"
    else
        fail "/story/$command"
    fi
    case $command in
    'xe vm-start'*)
        # QEMU without Xen has no firmware that runs: this is what it would do.
        guest_maps_bar "$vm" 0xfebf1000
        [ -z "$show" ] || say '(the guest'"'"'s firmware maps the device: played, no processor runs here)'
        ;;
    *--checklist) cp "$log" "$work/checklist" ;;
    esac
done <"$work/commands"

# ---- What the story came to ----------------------------------------------------

stock >"$work/after"
if [ "$show" ]; then
    diff "$work/before" "$work/after" || die 'the host is not as it was'
    say '' 'The host is byte for byte as it was before the first of these commands.'
    exit 0
fi
check /story/ten-commands-at-most [ "$(commands 'build|host' | wc -l)" -le 10 ]
check /story/all-of-them [ "$(commands 'build|host' | wc -l)" -ge 9 ]
: >"$log"
check /story/no-box-is-open [ "$(grep -c '\[ \]' "$work/checklist")" = 0 ]
check /story/boxes [ "$(grep -c '\[x\]' "$work/checklist")" -ge 18 ]
check /story/the-host-is-as-it-was diff "$work/before" "$work/after"
rm -rf "$work/rpmbuild" "$work/qemu"
finish
