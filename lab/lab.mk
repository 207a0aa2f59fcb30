# SPDX-License-Identifier: MIT
# The lab: packages, QEMU with the device, the Linux guest.

device-sources := $(wildcard include/vgpu/*.h device/core/*.[ch] device/qemu/*.[ch]) device/join.sh

# A new list of timed steps.
begin:
	@mkdir -p $(BUILD) && : >$(BUILD)/steps

# ---- QEMU ---------------------------------------------------------------------

# The one build that serves every suite; $VGPU_QEMU puts another in its place.
OUR_QEMU := $(BUILD)/qemu/qemu-system-x86_64
VGPU_QEMU ?= $(OUR_QEMU)
export VGPU_QEMU

our-qemu := $(if $(filter $(OUR_QEMU),$(VGPU_QEMU)),$(OUR_QEMU))

$(BUILD)/source-7.2: lab/qemu-source.sh | packages
	@lab/qemu-source.sh bookworm $@

$(OUR_QEMU): vgpu-stub.c lab/qemu-build.sh lab/qemu-devices.mak $(BUILD)/source-7.2 | packages
	@lab/qemu-build.sh $(BUILD)/source-7.2 vgpu-stub.c $@ \
	    --enable-tcg --enable-kvm --enable-xen --enable-seccomp --enable-fdt=system

# ---- The guest ----------------------------------------------------------------

# i386 for a QEMU that runs nothing else, as on XCP-ng.
guest-arch := $(if $(findstring i386,$(notdir $(VGPU_QEMU))),i386,amd64)
guest-dir := $(BUILD)/guest/$(guest-arch)
guest-env = VGPU_GUEST=$(guest-dir) VGPU_ACCEL=$$(cat $(BUILD)/accel)
guest-cflags-i386 := -m32

guest: $(our-qemu) $(guest-dir)/initrd

$(BUILD)/guest/%/vgpu-regs: tests/guest/vgpu_regs.c include/vgpu/regs.h | packages
	@mkdir -p $(@D)
	$(say)gcc -std=gnu99 -O2 -Wall -Wextra -Werror $(guest-cflags-$*) -static -Iinclude $< -o $@

$(BUILD)/guest/%/initrd: $(BUILD)/guest/%/vgpu-regs tests/guest/init lab/guest-image.sh | packages
	@lab/guest-image.sh $* $< $(@D)

# KVM when it really runs a guest, TCG otherwise: tried once a boot.
accel: guest
	@lab/accel.sh $(guest-dir) $(BUILD)/accel

# ---- Packages -------------------------------------------------------------------

# All that the wanted verbs need, asked for at once. They are looked at each
# time: it takes a moment, and a package may have gone.
light-verbs := demo vm
sets := guest $(if $(our-qemu),qemu) $(if $(filter i386,$(guest-arch)),guest-i386) \
    $(if $(filter-out vm,$(MAKECMDGOALS)),accelerator) \
    $(if $(filter-out $(light-verbs),$(MAKECMDGOALS)),test) \
    $(if $(filter lint format test pre-push,$(MAKECMDGOALS)),lint)

packages: | begin
	@lab/packages.sh $(sets)

.PHONY: begin guest accel packages
.SECONDARY:
