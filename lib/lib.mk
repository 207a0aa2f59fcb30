# SPDX-License-Identifier: MIT
# libvgpu and its programs, for the guest: `make lib`, `make install-guest`.

lib-sources := lib/device.c lib/commands.c lib/request.c lib/run.c
lib-headers := $(wildcard lib/*.h include/vgpu/*.h)
lib-small-tools := vgpu-smi vgpu-test
lib-tools := $(lib-small-tools) vgpu-bench
lib-cflags := -std=gnu99 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wshadow -Wmissing-prototypes \
    -Wstrict-prototypes -Wpointer-arith -Wvla -Werror -Iinclude -Ilib

LIBVGPU := $(BUILD)/lib/libvgpu.so.1

lib-files := $(LIBVGPU) $(BUILD)/lib/libvgpu.a $(lib-tools:%=$(BUILD)/lib/%)

$(BUILD)/lib/%.o: lib/%.c $(lib-headers) lib/lib.mk
	@mkdir -p $(@D)
	$(say)gcc $(lib-cflags) -fPIC -c $< -o $@

$(BUILD)/lib/libvgpu.a: $(lib-sources:lib/%.c=$(BUILD)/lib/%.o)
	$(say)rm -f $@ && ar rcs $@ $^

$(LIBVGPU): $(lib-sources:lib/%.c=$(BUILD)/lib/%.o) lib/libvgpu.map
	$(say)gcc -shared -Wl,-soname,$(@F) -Wl,--version-script,lib/libvgpu.map -Wl,-z,defs \
	    $(filter %.o,$^) -o $@
	@ln -sf $(@F) $(BUILD)/lib/libvgpu.so

$(lib-small-tools:%=$(BUILD)/lib/%): $(BUILD)/lib/vgpu-%: lib/tools/%.c $(lib-headers) $(LIBVGPU)
	$(say)gcc $(lib-cflags) $< -L$(BUILD)/lib -lvgpu -o $@

# The same without a shared library, for a guest that has none.
$(BUILD)/lib/static/vgpu-%: lib/tools/%.c $(lib-headers) $(BUILD)/lib/libvgpu.a
	@mkdir -p $(@D)
	$(say)gcc $(lib-cflags) -static $< $(BUILD)/lib/libvgpu.a -o $@

# A program of several files, in both ways.
lib-bench-sources := $(wildcard lib/tools/bench/*.c)
lib-bench-headers := $(wildcard lib/tools/bench/*.h) $(lib-headers) lib/lib.mk

$(BUILD)/lib/vgpu-bench: $(lib-bench-sources) $(lib-bench-headers) $(LIBVGPU)
	$(say)gcc $(lib-cflags) $(lib-bench-sources) -L$(BUILD)/lib -lvgpu -o $@

$(BUILD)/lib/static/vgpu-bench: $(lib-bench-sources) $(lib-bench-headers) $(BUILD)/lib/libvgpu.a
	@mkdir -p $(@D)
	$(say)gcc $(lib-cflags) -static $(lib-bench-sources) $(BUILD)/lib/libvgpu.a -o $@

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib

define install-guest
install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(PREFIX)/include/vgpu \
    $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man3
install -m 755 $(LIBVGPU) $(DESTDIR)$(LIBDIR)/libvgpu.so.1
ln -sf libvgpu.so.1 $(DESTDIR)$(LIBDIR)/libvgpu.so
install -m 644 $(BUILD)/lib/libvgpu.a $(DESTDIR)$(LIBDIR)/
sed 's|@prefix@|$(PREFIX)|; s|@libdir@|$(LIBDIR)|' lib/libvgpu.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/libvgpu.pc
install -m 644 lib/vgpu.h $(DESTDIR)$(PREFIX)/include/
install -m 644 include/vgpu/regs.h include/vgpu/queue.h include/vgpu/request.h include/vgpu/uapi.h $(DESTDIR)$(PREFIX)/include/vgpu/
install -m 755 $(lib-tools:%=$(BUILD)/lib/%) $(DESTDIR)$(PREFIX)/bin/
install -m 644 $(lib-tools:%=lib/man/%.1) $(DESTDIR)$(PREFIX)/share/man/man1/
install -m 644 lib/man/libvgpu.3 $(DESTDIR)$(PREFIX)/share/man/man3/
endef

.PHONY: lib install-guest
