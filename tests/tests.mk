# SPDX-License-Identifier: MIT
# The suites: how their programs are built, and how each is run.

c-files = $(shell git ls-files '*.c' '*.h')

test-cflags = -std=gnu99 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Wshadow \
    -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wvla -Werror \
    -Itests -I. -Iinclude -Idevice -I$(BUILD)/gen
glib = $(shell pkg-config --cflags --libs json-glib-1.0 glib-2.0)
sanitize = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

headers := $(wildcard include/vgpu/*.h device/core/*.h tests/lib/*.h tests/guest/*.h)
core-sources := $(wildcard device/core/*.c)
# What the programs below stand on.
test-base := $(headers) tests/tests.mk
$(shell mkdir -p $(BUILD)/tests $(BUILD)/gen)

# ---- Unit tests of the core, under sanitizers; the specification ----------------

queue-tests := $(BUILD)/tests/test_queue $(BUILD)/tests/test_queue_commands \
    $(BUILD)/tests/test_queue_device $(BUILD)/tests/test_queue_rings
unit := $(BUILD)/tests/test_config $(BUILD)/tests/test_core $(queue-tests) $(BUILD)/tests/test_specification
unit-suites = $(foreach t,$(unit),unit-$(t:$(BUILD)/tests/test_%=%)="$(t) --tap")

$(BUILD)/tests/test_config $(BUILD)/tests/test_core: \
$(BUILD)/tests/%: tests/unit/%.c $(core-sources) $(test-base) | packages
	$(say)gcc $(test-cflags) $(sanitize) $< $(core-sources) -o $@ $(glib)

$(queue-tests): $(BUILD)/tests/%: tests/unit/%.c tests/unit/queue-guest.c tests/unit/queue-guest.h \
$(core-sources) $(test-base) | packages
	$(say)gcc $(test-cflags) $(sanitize) $< tests/unit/queue-guest.c $(core-sources) -o $@ $(glib)

abi := $(BUILD)/gen/abi-regs.inc $(BUILD)/gen/abi-queue.inc $(BUILD)/gen/abi-properties.inc \
    $(BUILD)/gen/abi-texts.inc
$(abi): tests/unit/abi-constants.sh $(headers) | packages
$(BUILD)/gen/abi-regs.inc:
	@tests/unit/abi-constants.sh number include/vgpu/regs.h >$@
$(BUILD)/gen/abi-queue.inc:
	@tests/unit/abi-constants.sh number include/vgpu/queue.h >$@
$(BUILD)/gen/abi-properties.inc:
	@tests/unit/abi-constants.sh number include/vgpu/properties.h >$@
$(BUILD)/gen/abi-texts.inc:
	@tests/unit/abi-constants.sh text include/vgpu/properties.h >$@

$(BUILD)/tests/test_specification: tests/unit/test_specification.c $(abi) $(test-base) | packages
	$(say)gcc $(test-cflags) $(sanitize) $< -o $@ $(glib)

lint-suites = lint="lab/lint.sh --tap"

# ---- Fuzzers --------------------------------------------------------------------

# Seconds for each fuzzer.
FUZZ_SECONDS_QUICK := 10
FUZZ_SECONDS ?= 600
fuzzers := $(BUILD)/tests/fuzz_core $(BUILD)/tests/fuzz_queue $(BUILD)/tests/fuzz_config
fuzz-suites = fuzz="tests/fuzz/run.sh $(FUZZ_SECONDS_QUICK) $(fuzzers) $(shim-fuzzers) $(vgpuctl-fuzzers) $(vgpud-fuzzers) $(lib-fuzzers)"
fuzz-suites-heavy = fuzz="tests/fuzz/run.sh $(FUZZ_SECONDS) $(fuzzers) $(shim-fuzzers) $(vgpuctl-fuzzers) $(vgpud-fuzzers) $(lib-fuzzers)"

$(fuzzers): $(BUILD)/tests/%: tests/fuzz/%.c $(core-sources) $(test-base) | packages
	$(say)clang $(test-cflags) $(sanitize) -fsanitize=fuzzer $< $(core-sources) -o $@

# ---- qtests: the device in QEMU, without a guest ----------------------------------

qtest-names := enumerate registers properties reset hotplug migrate queues link
qtests := $(qtest-names:%=$(BUILD)/tests/test_%)
qtest-suites = $(foreach t,$(qtest-names),qtest-$(t)="$(BUILD)/tests/test_$(t) --tap")
qtest-suites-thorough = $(foreach t,$(qtest-names),qtest-$(t)="$(BUILD)/tests/test_$(t) --tap -m thorough")

$(qtests): $(BUILD)/tests/%: tests/qtest/%.c $(wildcard tests/lib/*.c) $(test-base) | packages
	$(say)gcc $(test-cflags) $< tests/lib/*.c -o $@ $(glib)

# Our QEMU, telling each BAR that is registered; another QEMU has no such twin.
watched := $(if $(our-qemu),$(BUILD)/qemu-watched/qemu)
watch-env := $(if $(watched),VGPU_QEMU_BAR_WATCH=$(watched))

$(BUILD)/qemu-watched/qemu: tests/faults/bar-watch.c $(OUR_QEMU) lab/qemu-with.sh
	@lab/qemu-with.sh $(BUILD)/qemu/work vgpu-stub.c $@ $< -Wl,--wrap=pci_register_bar

# ---- The guest suite ----------------------------------------------------------------

guest-suites = guest="$(BUILD)/tests/test_guest --tap"
guest-suites-thorough = guest="$(BUILD)/tests/test_guest --tap -m thorough"
guest-sources := tests/guest/guest.c tests/guest/checks.c tests/lib/qemu.c

$(BUILD)/tests/test_guest: tests/guest/test_guest.c $(guest-sources) $(test-base) | packages
	$(say)gcc $(test-cflags) $< $(guest-sources) -o $@ $(glib)

$(BUILD)/tests/demo: tests/guest/demo.c $(guest-sources) $(test-base) | packages
	$(say)gcc $(test-cflags) $< $(guest-sources) -o $@ $(glib)

# ---- The lab's own errors ---------------------------------------------------------

lab-suites = lab="tests/lab/run.sh $(BUILD)/tests-lab"

# ---- The drop-in as compilers see it; the tests' own test; QEMU 10.0 ------------------

work := $(BUILD)/qemu/work
dropin-suites = dropin="tests/dropin/run.sh $(work) vgpu-stub.c $(BUILD)/dropin"
faults-suites = faults="tests/faults/run.sh $(work) vgpu-stub.c $(BUILD)/faults"
newer-suites = newer="tests/newer/run.sh vgpu-stub.c $(BUILD)/qemu-10.0 $(qtests) $(BUILD)/tests/test_guest"

check-setup: own-qemu-only $(unit) $(qtests) $(watched) $(BUILD)/tests/test_guest guest
test-setup: check-setup $(fuzzers) $(BUILD)/tests/demo

# The suites beside test-device look into the build that made our own QEMU.
own-qemu-only:
	@$(if $(our-qemu),:,echo 'make: VGPU_QEMU is for `make test-device`: $(MAKECMDGOALS) tests the QEMU that is built here' >&2; exit 2)

.PHONY: check-setup test-setup own-qemu-only
