# SPDX-License-Identifier: MIT
# The guest's driver, built here for the kernels that it is tested on. In a guest:
# make -C driver.

driver-kernels := 5.10 6.1 6.12
driver-sources := $(wildcard driver/*.[ch]) driver/Kbuild driver/Makefile $(wildcard include/vgpu/*.h)

$(BUILD)/driver/%/vmlinuz: lab/driver-kernel.sh | packages
	@lab/driver-kernel.sh $* $(@D)

$(BUILD)/driver/%/vgpu_stub.ko: $(BUILD)/driver/%/vmlinuz $(driver-sources) lab/driver-module.sh | packages
	@lab/driver-module.sh $(@D)

.PHONY: driver
