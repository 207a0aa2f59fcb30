# SPDX-License-Identifier: MIT
# vgpuctl: `make vgpuctl`. It also builds on a CentOS 7 base (gcc 4.8, GLib 2.54)
# with gcc, make, pkg-config, glib2-devel and json-glib-devel.

vgpuctl-sources := $(wildcard vgpuctl/*.c)
vgpuctl-headers := $(wildcard vgpuctl/*.h include/vgpu/*.h shim/*.h)
# What it carries in itself.
vgpuctl-carried := $(BUILD)/gen/drop-in.c $(BUILD)/gen/shim-files.c

$(BUILD)/vgpuctl: $(vgpuctl-sources) $(shim-rules) $(vgpuctl-carried) $(vgpuctl-headers) vgpuctl/vgpuctl.mk | $(dom0-packages)
	$(say)gcc $(dom0-cflags) -Ivgpuctl $(vgpuctl-sources) $(shim-rules) $(vgpuctl-carried) -o $@ $(glib)

$(BUILD)/gen/drop-in.c: vgpu-stub.c
	@{ echo '#include "drop-in.h"'; $(call array,drop_in,$<); } >$@
