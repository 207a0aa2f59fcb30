# SPDX-License-Identifier: MIT
# The device under the real Xen, in an emulated machine.

xen-image := $(BUILD)/xen-lab
xen-dom0 := $(xen-image)/dom0.initrd
xen-programs := $(OUR_QEMU) $(BUILD)/shim/qemu-args $(BUILD)/vgpuctl
xen-suites = xen="tests/xen/run.sh $(OUR_QEMU) $(xen-image) $(xen-dom0) $(BUILD)/tests/xen_judge $(BUILD)/log/xen"
xen-harness-suites = xen-harness="tests/xen/test_harness.sh $(BUILD)/xen-harness"
xen-setup := $(if $(VGPU_SKIP_XEN),,$(xen-dom0) $(xen-image)/opencl.img $(BUILD)/tests/xen_judge)
# The Linux guests' kernel is the one that the driver is built for.
xen-kernel := $(BUILD)/driver/6.1
xen-guest-programs := $(BUILD)/lib/static/vgpu-smi $(BUILD)/lib/static/vgpu-test $(BUILD)/tests/vgpu-add

$(xen-image)/base.cpio.gz: lab/xen-image.sh lab/tree.sh $(xen-programs) | packages
	@lab/xen-image.sh $(xen-image) $(xen-programs)

# A multiboot kernel of 32 bits, linked where neither hvmloader nor SeaBIOS is.
$(BUILD)/tests/tiny-guest: tests/xen/tiny-guest.c include/vgpu/regs.h include/vgpu/queue.h tests/xen/xen-tests.mk | packages
	$(say)gcc -m32 -march=i686 -std=gnu99 -O2 -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-pie \
	    -no-pie -fno-stack-protector -fno-asynchronous-unwind-tables -mno-sse -nostdlib -static \
	    -Wl,--build-id=none,-z,noexecstack,-Ttext=0x1001000,--section-start=.multiboot=0x1000000 \
	    -Iinclude $< -o $@

$(BUILD)/tests/vgpu-add: tests/xen/vgpu-add.c $(BUILD)/lib/libvgpu.a $(lib-headers) | packages
	$(say)gcc $(lib-cflags) -static $< $(BUILD)/lib/libvgpu.a -o $@

$(BUILD)/tests/xen_judge: tests/xen/judge.c $(guest-sources) $(test-base) | packages
	$(say)gcc $(test-cflags) $< $(guest-sources) -o $@ $(glib)

# Looked at each time: what it is made of is this system's packages.
$(xen-image)/opencl.img: tests/xen/make-opencl.sh $(vgpud-programs) FORCE | packages
	@tests/xen/make-opencl.sh $@ $(vgpud-programs)

$(xen-dom0): tests/xen/make-dom0.sh $(wildcard tests/xen/dom0/*) $(xen-image)/base.cpio.gz $(shim-programs) \
    $(vgpud-programs) $(BUILD)/guest/amd64/initrd $(xen-kernel)/vgpu_stub.ko $(xen-guest-programs) \
    $(BUILD)/tests/tiny-guest tests/faults/no-vmstate.sed
	@tests/xen/make-dom0.sh $(BUILD) $(xen-image)/base.cpio.gz $(BUILD)/guest/amd64 $(xen-kernel) \
	    $(BUILD)/tests/tiny-guest $@ $(xen-guest-programs)

FORCE:
.PHONY: FORCE
