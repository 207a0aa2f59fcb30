#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Joins device/ and include/ into the one file that goes into a QEMU tree.
# Usage: device/join.sh OUTPUT (from the top of the repository)
set -eu

output=$1

# Each of our headers is put where it is first included. System headers are
# left out: "qemu/osdep.h", which comes first, has them, and QEMU forbids
# including them before it.
expand='
function put(file,    line, name) {
    if (seen[file]++) return
    while ((rc = (getline line < file)) > 0) {
        if (line ~ /SPDX-License-Identifier/ || line ~ /^#include </) continue
        if (line ~ /^#include "/) {
            split(line, part, "\"")
            name = part[2]
            if (name ~ /^vgpu\//) { put("include/" name); continue }
            if (name ~ /^(core|qemu\/(compat|channel|doorbell))/) { put("device/" name); continue }
        }
        print line
    }
    if (rc < 0) { print "join.sh: cannot read " file > "/dev/stderr"; exit 1 }
    close(file)
}
BEGIN { for (i = 1; i < ARGC; i++) put(ARGV[i]) }
'

{
    cat <<'HEAD'
/* SPDX-License-Identifier: GPL-2.0-or-later AND BSD-3-Clause */
/*
 * vgpu-stub, a PCI device for QEMU 4.2.1 and later, as one file.
 *
 * Made by `make vgpu-stub.c`; change device/ and include/ instead. Copy it to
 * hw/misc/ of a QEMU tree and add one line to the build file there:
 *   4.2 to 5.1     hw/misc/Makefile.objs   obj-y += vgpu-stub.o
 *   5.2 to 8.0     hw/misc/meson.build     softmmu_ss.add(files('vgpu-stub.c'))
 *   8.1 and later  hw/misc/meson.build     system_ss.add(files('vgpu-stub.c'))
 */
HEAD
    awk "$expand" device/qemu/compat.h device/core/*.c device/qemu/channel.c device/qemu/doorbell.c device/qemu/vgpu-stub.c
} >"$output.raw"
cat -s "$output.raw" >"$output.new"
rm "$output.raw"
mv "$output.new" "$output"
