# SPDX-License-Identifier: MIT
# vgpuctl's suites.

vgpuctl-tests := $(patsubst tests/vgpuctl/%.c,%,$(wildcard tests/vgpuctl/test_*.c))
vgpuctl-programs := $(vgpuctl-tests:%=$(BUILD)/tests/%)
# The tests reach into its modules: all of them but main.
vgpuctl-modules := $(filter-out vgpuctl/main.c,$(vgpuctl-sources)) $(shim-rules) $(vgpuctl-carried)
vgpuctl-unit-suites = $(foreach t,$(vgpuctl-tests),vgpuctl-$(t:test_%=%)="$(BUILD)/tests/$(t) --tap")

# Each module is compiled once for all programs, with the sanitizers, and once
# more for the fuzzers.
vgpuctl-objects := $(vgpuctl-modules:%.c=$(BUILD)/test-objects/%.o)
vgpuctl-fuzz-objects := $(vgpuctl-modules:%.c=$(BUILD)/fuzz-objects/%.o)
vgpuctl-test-cflags = $(test-cflags) -Ivgpuctl $(sanitize)

$(BUILD)/test-objects/%.o: %.c $(vgpuctl-headers) | packages
	@mkdir -p $(@D)
	$(say)gcc $(vgpuctl-test-cflags) -c $< -o $@ $(shell pkg-config --cflags json-glib-1.0)

$(BUILD)/fuzz-objects/%.o: %.c $(vgpuctl-headers) | packages
	@mkdir -p $(@D)
	$(say)clang $(vgpuctl-test-cflags) -fsanitize=fuzzer-no-link -c $< -o $@ $(shell pkg-config --cflags json-glib-1.0)

$(vgpuctl-programs): $(BUILD)/tests/%: tests/vgpuctl/%.c $(vgpuctl-objects)
	$(say)gcc $(vgpuctl-test-cflags) $< $(vgpuctl-objects) -o $@ $(glib)

vgpuctl-fuzzers := $(patsubst %,$(BUILD)/tests/fuzz_%,spec buildlog manifest daemonlog qmp remote \
    wrapper xapi xlconfig host)
$(vgpuctl-fuzzers): $(BUILD)/tests/%: tests/fuzz/%.c $(vgpuctl-fuzz-objects)
	$(say)clang $(vgpuctl-test-cflags) -fsanitize=fuzzer $< $(vgpuctl-fuzz-objects) -o $@ $(glib)

# tests/vgpuctl/test_NAME.sh VGPUCTL DIRECTORY and what NAME wants behind it.
vgpuctl-script = vgpuctl-$(1)="tests/vgpuctl/test_$(1).sh $(BUILD)/vgpuctl $(BUILD)/vgpuctl-tests/$(1)$(2)"
vgpuctl-quick-suites = $(vgpuctl-unit-suites) \
    $(call vgpuctl-script,limits, $(filter -std=% -Werror -DGLIB%,$(dom0-cflags))) \
    $(call vgpuctl-script,manual) \
    $(call vgpuctl-script,integrate) $(call vgpuctl-script,prepare)
vgpuctl-suites = $(vgpuctl-quick-suites) $(call vgpuctl-script,build) \
    $(foreach t,install rollback dry_run interrupted doctor wrapper wrapper_live attach probe verify doctor_vms setup,\
    $(call vgpuctl-script,$(t), $(BUILD))) \
    $(call vgpuctl-script,story, $(BUILD) $(BUILD)/source-7.2) \
    package="tests/packaging/test_rpm.sh $(BUILD)/vgpuctl $(BUILD)/vgpuctl-tests/package $(BUILD)"

check-setup: $(BUILD)/vgpuctl $(vgpuctl-programs)
test-setup: $(vgpuctl-fuzzers)
