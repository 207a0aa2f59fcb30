# SPDX-License-Identifier: MIT
# vgpud's suites. Programs that are locked in run twice: as they are installed, and with
# the sanitizers.

vgpud-test-sources := $(addprefix tests/vgpud/,device.c encode.c process.c)
vgpud-test-headers := $(vgpud-headers) $(wildcard tests/vgpud/*.h)
vgpud-tests := $(addprefix $(BUILD)/tests/vgpud_,request link link_memory backend opencl sandbox daemon)
vgpud-sanitized := $(BUILD)/vgpud-sanitized/vgpud $(BUILD)/vgpud-sanitized/vgpu-worker
$(shell mkdir -p $(BUILD)/vgpud-sanitized)

$(vgpud-tests): $(BUILD)/tests/vgpud_%: tests/vgpud/test_%.c $(vgpud-test-sources) $(vgpu-worker-modules) \
    $(vgpud-test-headers) tests/vgpud/vgpud-tests.mk | packages
	$(say)gcc $(test-cflags) $(sanitize) $< $(vgpud-test-sources) $(vgpu-worker-modules) -o $@ \
	    $(glib-only) $(vgpu-worker-libs)

# They look for leaks by tracing themselves, which the sandbox refuses.
$(BUILD)/vgpud-sanitized/vgpu-worker: vgpud/worker.c tests/vgpud/no-leak-check.c $(vgpu-worker-modules) $(vgpud-headers) | packages
	$(say)gcc $(test-cflags) $(sanitize) $(filter %.c,$^) -o $@ $(vgpu-worker-libs)

$(BUILD)/vgpud-sanitized/vgpud: vgpud/vgpud.c $(vgpud-modules) $(vgpud-headers) | packages
	$(say)gcc $(test-cflags) $(sanitize) $< $(vgpud-modules) -o $@ $(glib-only)

# The device in QEMU before it: QEMU's driver of tests/lib has other names for things.
$(BUILD)/tests/vgpud_qemu: tests/vgpud/test_qemu.c tests/vgpud/encode.c $(wildcard tests/lib/*.c) $(test-base) \
    $(vgpud-test-headers) | packages
	$(say)gcc $(test-cflags) $< tests/vgpud/encode.c tests/lib/*.c -o $@ $(glib)

vgpud-fuzzers := $(BUILD)/tests/fuzz_request $(BUILD)/tests/fuzz_link
$(vgpud-fuzzers): $(BUILD)/tests/%: tests/fuzz/%.c $(vgpu-worker-modules) $(vgpud-headers) | packages
	$(say)clang $(test-cflags) $(sanitize) -fsanitize=fuzzer $< $(vgpu-worker-modules) -o $@ $(vgpu-worker-libs)

# vgpud-suite NAME, PROGRAM, DIRECTORY of the programs under test.
vgpud-suite = vgpud-$(1)="VGPUD=$(BUILD)/$(3)/vgpud VGPU_WORKER=$(BUILD)/$(3)/vgpu-worker $(BUILD)/tests/vgpud_$(2) --tap"
vgpud-suites = vgpud-request="$(BUILD)/tests/vgpud_request --tap" \
    vgpud-link_memory="$(BUILD)/tests/vgpud_link_memory --tap" \
    $(foreach t,link backend opencl sandbox daemon,$(call vgpud-suite,$(t),$(t),vgpud) \
        $(call vgpud-suite,$(t)-sanitized,$(t),vgpud-sanitized)) \
    $(call vgpud-suite,qemu,qemu,vgpud)

vgpud-setup: $(vgpud-programs) $(vgpud-sanitized) $(vgpud-tests) $(BUILD)/tests/vgpud_qemu $(our-qemu)
test-setup: vgpud-setup $(vgpud-fuzzers)

.PHONY: vgpud-setup
