# SPDX-License-Identifier: MIT
# Figures: `make bench`. They never decide a test.

bench-directory := $(BUILD)/bench
bench-kernel := 6.1
bench-common := $(addprefix lib/tools/bench/,figures.c kernels.c memory.c report.c)
# For the disk; tests/bench/init has their order.
bench-modules := virtio.ko virtio_ring.ko virtio_pci_legacy_dev.ko virtio_pci_modern_dev.ko virtio_pci.ko virtio_blk.ko
bench-programs := $(BUILD)/lib/static/vgpu-bench $(BUILD)/lib/static/vgpu-smi

# With what the library is compiled: both sides are measured alike.
$(bench-directory)/bench-host: tests/bench/host.c $(bench-common) vgpud/opencl.c vgpud/log.c \
    $(lib-bench-headers) $(vgpud-headers) tests/bench/bench.mk | packages
	@mkdir -p $(@D)
	$(say)gcc $(lib-cflags) -I. $(filter %.c,$^) -o $@ -ldl

# Of the package that the kernel is from.
$(bench-directory)/modules/stamp: $(BUILD)/driver/$(bench-kernel)/vmlinuz tests/bench/bench.mk
	@rm -rf $(@D) && mkdir -p $(@D)
	@dpkg-deb --fsys-tarfile $(BUILD)/driver/$(bench-kernel).work/debs/linux-image-*.deb | \
	    tar -x -C $(@D) --wildcards --transform 's|.*/||' $(bench-modules:%='*/%')
	@touch $@

$(bench-directory)/guest.cpio: $(BUILD)/driver/$(bench-kernel)/vgpu_stub.ko $(bench-directory)/modules/stamp \
    $(bench-programs) tests/bench/init lab/driver-image.sh
	@lab/driver-image.sh $(<D) $@ tests/bench/init $(bench-programs) $(bench-modules:%=$(bench-directory)/modules/%)

bench-setup: $(bench-directory)/bench-host $(bench-directory)/guest.cpio $(vgpud-programs) guest

.PHONY: bench bench-setup
