# SPDX-License-Identifier: MIT
# The driver and libvgpu in Linux guests; the library as a file.

driver-test := $(BUILD)/tests/vgpu-driver-test
driver-programs := $(lib-tools:%=$(BUILD)/lib/static/%) $(driver-test)
# Bookworm's kernel is in `make check`, the others in `make test` only.
driver-quick := $(BUILD)/driver/6.1
driver-all := $(driver-kernels:%=$(BUILD)/driver/%)

driver-quick-suites = driver="tests/driver/run.sh quick $(driver-quick)" \
    lib="tests/driver/test_lib.sh $(BUILD)"
driver-suites = driver="tests/driver/run.sh thorough $(driver-all)" \
    driver-hostile="tests/driver/hostile.sh $(BUILD) vgpu-stub.c $(driver-quick)" \
    lib="tests/driver/test_lib.sh $(BUILD)"

driver-quick-setup: $(driver-quick)/driver.cpio lib guest
driver-setup: $(driver-all:%=%/driver.cpio) lib guest

$(driver-test): $(wildcard tests/driver/*.[ch]) $(BUILD)/lib/libvgpu.a $(lib-headers) tests/driver/driver-tests.mk
	@mkdir -p $(@D)
	$(say)gcc $(lib-cflags) -Itests -static tests/driver/*.c $(BUILD)/lib/libvgpu.a -o $@ -pthread

$(BUILD)/driver/%/driver.cpio: $(BUILD)/driver/%/vgpu_stub.ko $(driver-programs) tests/driver/init lab/driver-image.sh
	@lab/driver-image.sh $(@D) tests/driver/init $(driver-programs)

.PHONY: driver-setup driver-quick-setup
