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
vgpud-machine := $(addprefix tests/vgpud/,encode.c jail.c machine.c)
vgpud-qemu-tests := $(addprefix $(BUILD)/tests/vgpud_,qemu chroot migrate_link)
$(vgpud-qemu-tests): $(BUILD)/tests/vgpud_%: tests/vgpud/test_%.c $(vgpud-machine) $(wildcard tests/lib/*.c) \
    $(test-base) $(vgpud-test-headers) | packages
	$(say)gcc $(test-cflags) $< $(vgpud-machine) tests/lib/*.c -o $@ $(glib)

$(BUILD)/tests/vgpud_proc: tests/vgpud/test_proc.c $(vgpud-modules) $(vgpud-headers) | packages
	$(say)gcc $(test-cflags) $(sanitize) $< $(vgpud-modules) -o $@ $(glib-only)

# Headers and documents.
vgpud-abi := $(foreach h,link request,$(addprefix $(BUILD)/gen/abi-$(h),.inc -structures.inc -fields.inc))
$(vgpud-abi): tests/unit/abi-constants.sh tests/vgpud/abi-layout.sh $(wildcard include/vgpu/*.h) | packages
$(BUILD)/gen/abi-%-structures.inc:
	@tests/vgpud/abi-layout.sh structures include/vgpu/$*.h >$@
$(BUILD)/gen/abi-%-fields.inc:
	@tests/vgpud/abi-layout.sh fields include/vgpu/$*.h >$@
$(BUILD)/gen/abi-link.inc $(BUILD)/gen/abi-request.inc: $(BUILD)/gen/abi-%.inc:
	@tests/unit/abi-constants.sh number include/vgpu/$*.h >$@
	@tests/vgpud/abi-layout.sh enumerators include/vgpu/$*.h >>$@

$(BUILD)/tests/vgpud_documents: tests/vgpud/test_documents.c $(vgpud-abi) $(test-base) | packages
	$(say)gcc $(test-cflags) $(sanitize) $< -o $@ $(glib-only)

vgpud-fuzzers := $(BUILD)/tests/fuzz_request $(BUILD)/tests/fuzz_link
$(vgpud-fuzzers): $(BUILD)/tests/%: tests/fuzz/%.c $(vgpu-worker-modules) $(vgpud-headers) | packages
	$(say)clang $(test-cflags) $(sanitize) -fsanitize=fuzzer $< $(vgpu-worker-modules) -o $@ $(vgpu-worker-libs)

# vgpud-suite NAME, PROGRAM, DIRECTORY of the programs under test.
vgpud-suite = vgpud-$(1)="VGPUD=$(BUILD)/$(3)/vgpud VGPU_WORKER=$(BUILD)/$(3)/vgpu-worker $(BUILD)/tests/vgpud_$(2) --tap"
vgpud-suites = vgpud-documents="$(BUILD)/tests/vgpud_documents --tap" \
    vgpud-proc="$(BUILD)/tests/vgpud_proc --tap" \
    vgpud-request="$(BUILD)/tests/vgpud_request --tap" \
    vgpud-link_memory="$(BUILD)/tests/vgpud_link_memory --tap" \
    $(foreach t,link backend opencl sandbox daemon,$(call vgpud-suite,$(t),$(t),vgpud) \
        $(call vgpud-suite,$(t)-sanitized,$(t),vgpud-sanitized)) \
    $(foreach t,qemu chroot migrate_link,$(call vgpud-suite,$(t),$(t),vgpud)) \
    $(call vgpud-suite,chroot-sanitized,chroot,vgpud-sanitized) \
    vgpud-unit="VGPUD=$(BUILD)/vgpud/vgpud VGPU_WORKER=$(BUILD)/vgpud/vgpu-worker tests/vgpud/test_unit.sh $(BUILD)/tests"

vgpud-setup: $(vgpud-programs) $(vgpud-sanitized) $(vgpud-tests) $(vgpud-qemu-tests) \
    $(BUILD)/tests/vgpud_documents $(BUILD)/tests/vgpud_proc $(our-qemu)
test-setup: vgpud-setup $(vgpud-fuzzers)

.PHONY: vgpud-setup
