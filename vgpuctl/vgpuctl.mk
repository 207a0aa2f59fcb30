# SPDX-License-Identifier: MIT
# vgpuctl: `make vgpuctl`. It also builds on a CentOS 7 base (gcc 4.8, GLib 2.54)
# with gcc, make, pkg-config, glib2-devel and json-glib-devel.

VERSION := $(shell sed -n 's/^## \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)
vgpuctl-sources := $(wildcard vgpuctl/*.c)
vgpuctl-headers := $(wildcard vgpuctl/*.h include/vgpu/*.h)

# What dom0 has: C99 with GNU's additions, and nothing of GLib that is newer.
vgpuctl-cflags := -std=gnu99 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wshadow \
    -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wvla -Werror \
    -DGLIB_VERSION_MIN_REQUIRED=GLIB_VERSION_2_54 \
    -DGLIB_VERSION_MAX_ALLOWED=GLIB_VERSION_2_54 \
    -DVGPU_VERSION='"$(or $(VERSION),unreleased)"' -Iinclude -Ivgpuctl

# Debian's packages are looked after; elsewhere the compiler says what it lacks.
vgpuctl-packages := $(if $(shell command -v apt-get),packages)

$(BUILD)/vgpuctl: $(vgpuctl-sources) $(BUILD)/gen/drop-in.c $(vgpuctl-headers) vgpuctl/vgpuctl.mk | $(vgpuctl-packages)
	$(say)gcc $(vgpuctl-cflags) $(vgpuctl-sources) $(BUILD)/gen/drop-in.c -o $@ $(glib)

# vgpuctl carries the drop-in, so that host and tool cannot differ.
$(BUILD)/gen/drop-in.c: vgpu-stub.c
	@{ echo '#include "drop-in.h"'; echo 'const char drop_in_data[] = {'; \
	  od -An -v -tu1 $< | sed 's/  */,/g; s/^,//; s/$$/,/'; \
	  echo '0 };'; echo 'const size_t drop_in_size = sizeof(drop_in_data) - 1;'; } >$@
