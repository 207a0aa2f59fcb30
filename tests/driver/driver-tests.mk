# SPDX-License-Identifier: MIT
# The driver and libvgpu in Linux guests; the library as a file, and without a device.

driver-test := $(BUILD)/tests/vgpu-driver-test
driver-example := $(BUILD)/tests/vgpu-example
driver-programs := $(lib-tools:%=$(BUILD)/lib/static/%) $(driver-test) $(driver-example)
# Bookworm's kernel is in `make test`, the others in `make test-driver` only.
driver-quick := $(BUILD)/driver/6.1
driver-all := $(driver-kernels:%=$(BUILD)/driver/%)

# How kernels become requests is judged by the host's decoder of them.
lib-tests := $(BUILD)/tests/lib_request $(BUILD)/tests/lib_response $(BUILD)/tests/lib_run
lib-test-sources := lib/request.c lib/run.c vgpud/run.c vgpud/build-options.c
lib-test-headers := $(lib-headers) $(vgpud-headers) tests/driver/driver-tests.mk
lib-suites = $(foreach t,request response run,lib-$(t)="$(BUILD)/tests/lib_$(t) --tap") \
    lib="tests/driver/test_lib.sh $(BUILD)"

$(BUILD)/tests/lib_request: tests/libvgpu/test_request.c $(lib-test-sources) $(lib-test-headers) | packages
	$(say)gcc $(test-cflags) -Ilib $(sanitize) $< lib/request.c vgpud/run.c vgpud/build-options.c -o $@ $(glib)

$(BUILD)/tests/lib_response: tests/libvgpu/test_response.c $(lib-test-sources) $(lib-test-headers) | packages
	$(say)gcc $(test-cflags) -Ilib $(sanitize) $< lib/request.c -o $@ $(glib)

# Its blocks have a page behind them that nobody may touch.
$(BUILD)/tests/lib_run: tests/libvgpu/test_run.c $(lib-test-sources) $(lib-test-headers) | packages
	$(say)gcc $(test-cflags) -Ilib -Dmmap=guarded_mmap $(sanitize) $< lib/request.c lib/run.c -o $@ $(glib)

lib-fuzzers := $(BUILD)/tests/fuzz_response
$(lib-fuzzers): $(BUILD)/tests/%: tests/fuzz/%.c lib/request.c $(lib-headers) tests/driver/driver-tests.mk | packages
	$(say)clang $(test-cflags) -Ilib $(sanitize) -fsanitize=fuzzer $< lib/request.c -o $@
test-setup: $(lib-fuzzers)

driver-hostile = driver-hostile="tests/driver/hostile.sh $(BUILD) vgpu-stub.c $(driver-quick)"
driver-quick-suites = driver="tests/driver/run.sh quick $(driver-quick)" $(driver-hostile) $(lib-suites)
driver-suites = driver="tests/driver/run.sh thorough $(driver-all)" $(driver-hostile) $(lib-suites)

driver-quick-setup: $(driver-quick)/driver.cpio lib $(lib-tests) $(vgpud-programs) guest
driver-setup: $(driver-all:%=%/driver.cpio) lib $(lib-tests) $(vgpud-programs) guest

$(driver-test): $(wildcard tests/driver/*.[ch]) $(BUILD)/lib/libvgpu.a $(lib-headers) tests/driver/driver-tests.mk
	@mkdir -p $(@D)
	$(say)gcc $(lib-cflags) -Itests -static tests/driver/*.c $(BUILD)/lib/libvgpu.a -o $@ -pthread

# The program of the document, as it stands there.
$(driver-example): docs/driver.md $(BUILD)/lib/libvgpu.a $(lib-headers) tests/driver/driver-tests.mk
	@mkdir -p $(@D)
	@sed -n '/^```c$$/,/^```$$/ { /^```/!p }' $< >$@.c
	$(say)gcc $(lib-cflags) -static $@.c $(BUILD)/lib/libvgpu.a -o $@

$(BUILD)/driver/%/driver.cpio: $(BUILD)/driver/%/vgpu_stub.ko $(driver-programs) tests/driver/init lab/driver-image.sh
	@lab/driver-image.sh $(@D) $@ tests/driver/init $(driver-programs)

# ---- `make demo`: one kernel by two ways --------------------------------------------

demo-sources := tests/demo/picture.c tests/demo/picture.h tests/driver/driver-tests.mk
demo-files := $(BUILD)/demo/mandelbrot-host $(driver-quick)/demo.cpio
$(shell mkdir -p $(BUILD)/demo)

$(BUILD)/demo/mandelbrot: tests/demo/guest.c $(demo-sources) $(BUILD)/lib/libvgpu.a | packages
	$(say)gcc $(lib-cflags) -Itests -static $< tests/demo/picture.c $(BUILD)/lib/libvgpu.a -o $@

$(BUILD)/demo/mandelbrot-host: tests/demo/host.c $(demo-sources) | packages
	$(say)gcc $(lib-cflags) -Itests $< tests/demo/picture.c -l:libOpenCL.so.1 -o $@

demo-guest-files := $(BUILD)/lib/static/vgpu-smi $(BUILD)/demo/mandelbrot tests/demo/mandelbrot.cl
$(driver-quick)/demo.cpio: $(driver-quick)/vgpu_stub.ko $(demo-guest-files) tests/demo/init lab/driver-image.sh
	@lab/driver-image.sh $(@D) $@ tests/demo/init $(demo-guest-files)

.PHONY: driver-setup driver-quick-setup
