# SPDX-License-Identifier: MIT
# The shim: the two programs that stand between xenopsd and QEMU.

VERSION := $(shell sed -n 's/^## \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)

# What dom0 has: C99 with GNU's additions, and nothing of GLib that is newer.
dom0-cflags := -std=gnu99 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wshadow \
    -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wvla -Werror \
    -DGLIB_VERSION_MIN_REQUIRED=GLIB_VERSION_2_54 \
    -DGLIB_VERSION_MAX_ALLOWED=GLIB_VERSION_2_54 \
    -DVGPU_VERSION='"$(or $(VERSION),unreleased)"' -I. -Iinclude
glib-only = $(shell pkg-config --cflags --libs glib-2.0)

# Debian's packages are looked after; elsewhere the compiler says what it lacks.
dom0-packages := $(if $(shell command -v apt-get),packages)

shim-headers := $(wildcard shim/*.h) $(wildcard include/vgpu/*.h)
# The rules alone, which vgpuctl judges with, too.
shim-rules := $(wildcard shim/args*.c)
qemu-args-sources := $(shim-rules) shim/xenstore.c shim/device-check.c shim/qemu-args.c
shim-cflags = $(dom0-cflags) -fPIE -pie -Wl,-z,relro,-z,now
shim-programs := $(BUILD)/shim/qemu-wrapper $(BUILD)/shim/qemu-args
$(shell mkdir -p $(BUILD)/shim)

# Nothing but libc: whatever else is broken on a host, its VMs start.
$(BUILD)/shim/qemu-wrapper: shim/qemu-wrapper.c $(shim-headers) shim/shim.mk | $(dom0-packages)
	$(say)gcc $(shim-cflags) -s $< -o $@

$(BUILD)/shim/qemu-args: $(qemu-args-sources) $(shim-headers) shim/shim.mk | $(dom0-packages)
	$(say)gcc $(shim-cflags) -s $(qemu-args-sources) -o $@ -ldl $(glib-only)

# array NAME, of a file's bytes: C that holds them, and their count.
array = { echo 'const char $(1)_data[] = {'; od -An -v -tu1 $(2) | sed 's/  */,/g; s/^,//; s/$$/,/'; \
    echo '0 };'; echo 'const size_t $(1)_size = sizeof($(1)_data) - 1;'; }

$(BUILD)/gen/shim-files.c: $(shim-programs)
	@{ echo '#include "shim-files.h"'; \
	  $(call array,shim_wrapper,$(BUILD)/shim/qemu-wrapper); \
	  $(call array,shim_qemu_args,$(BUILD)/shim/qemu-args); } >$@
