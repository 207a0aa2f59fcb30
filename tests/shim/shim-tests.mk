# SPDX-License-Identifier: MIT
# The shim's suites.

shim-suites = shim-args="$(BUILD)/tests/test_args --tap" \
    shim-protocol="$(BUILD)/tests/test_shim $(BUILD)/shim/qemu-wrapper $(BUILD)/tests/stock --tap"

# With a xenstored and QEMUs.
shim-lab-suites = lab-dom0="tests/dom0/test_lab.sh $(BUILD)/vgpuctl-tests/lab $(BUILD)" \
    shim-xenstore="tests/shim/test_xenstore.sh $(BUILD)/shim/qemu-args $(BUILD)/vgpuctl-tests/shim $(BUILD)"

$(BUILD)/tests/test_args: tests/shim/test_args.c $(shim-rules) $(shim-headers) | packages
	$(say)gcc $(test-cflags) $(sanitize) $< $(shim-rules) -o $@ $(glib-only)

$(BUILD)/tests/test_shim: tests/shim/test_shim.c | packages
	$(say)gcc $(test-cflags) $(sanitize) $< -o $@ $(glib-only)

$(BUILD)/tests/stock: tests/shim/stock.c | packages
	$(say)gcc $(test-cflags) $< -o $@

$(BUILD)/tests/fuzz_args: tests/fuzz/fuzz_args.c $(shim-rules) $(shim-headers) | packages
	$(say)clang $(test-cflags) $(sanitize) -fsanitize=fuzzer $< $(shim-rules) -o $@ $(glib-only)

shim-fuzzers := $(BUILD)/tests/fuzz_args
check-setup: $(shim-programs) $(BUILD)/tests/test_args $(BUILD)/tests/test_shim $(BUILD)/tests/stock
test-setup: $(shim-fuzzers)
