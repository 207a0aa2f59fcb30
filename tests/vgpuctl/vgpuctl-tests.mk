# SPDX-License-Identifier: MIT
# vgpuctl's suites.

vgpuctl-tests := $(patsubst tests/vgpuctl/%.c,%,$(wildcard tests/vgpuctl/test_*.c))
vgpuctl-programs := $(vgpuctl-tests:%=$(BUILD)/tests/%)
# The tests reach into its modules: all of them but main.
vgpuctl-modules := $(filter-out vgpuctl/main.c,$(vgpuctl-sources)) $(shim-rules) $(vgpuctl-carried)
vgpuctl-unit-suites = $(foreach t,$(vgpuctl-tests),vgpuctl-$(t:test_%=%)="$(BUILD)/tests/$(t) --tap")

$(vgpuctl-programs): $(BUILD)/tests/%: tests/vgpuctl/%.c $(vgpuctl-modules) $(vgpuctl-headers) | packages
	$(say)gcc $(test-cflags) -Ivgpuctl $(sanitize) $< $(vgpuctl-modules) -o $@ $(glib)

vgpuctl-fuzzers := $(BUILD)/tests/fuzz_spec $(BUILD)/tests/fuzz_buildlog $(BUILD)/tests/fuzz_manifest
$(vgpuctl-fuzzers): $(BUILD)/tests/%: tests/fuzz/%.c $(vgpuctl-modules) $(vgpuctl-headers) | packages
	$(say)clang $(test-cflags) -Ivgpuctl $(sanitize) -fsanitize=fuzzer $< $(vgpuctl-modules) -o $@ $(glib)

# tests/vgpuctl/test_NAME.sh VGPUCTL DIRECTORY and what NAME wants behind it.
vgpuctl-script = vgpuctl-$(1)="tests/vgpuctl/test_$(1).sh $(BUILD)/vgpuctl $(BUILD)/vgpuctl-tests/$(1)$(2)"
vgpuctl-quick-suites = $(vgpuctl-unit-suites) \
    $(call vgpuctl-script,limits, $(filter -std=% -Werror -DGLIB%,$(dom0-cflags))) \
    $(call vgpuctl-script,manual) \
    $(call vgpuctl-script,integrate) $(call vgpuctl-script,prepare)
vgpuctl-suites = $(vgpuctl-quick-suites) $(call vgpuctl-script,build) \
    $(call vgpuctl-script,install, $(BUILD)) $(call vgpuctl-script,rollback, $(BUILD)) \
    $(call vgpuctl-script,dry_run, $(BUILD))     $(call vgpuctl-script,interrupted, $(BUILD)) $(call vgpuctl-script,doctor, $(BUILD)) \
    $(call vgpuctl-script,story, $(BUILD) $(BUILD)/source-7.2)

check-setup: $(BUILD)/vgpuctl $(vgpuctl-programs)
test-setup: $(vgpuctl-fuzzers)
