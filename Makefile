# SPDX-License-Identifier: MIT
# vgpu-stub. `make help` lists the verbs; HACKING.md tells what is where.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
SHELL := /bin/sh
BUILD := build
# A recipe's one line instead of its command; `make V=1` shows the command.
say = $(if $(V),,@echo '  compile $(@F)' &&)

# Rules read these variables as they are when make comes to the rule.
include lab/lab.mk
include shim/shim.mk
include vgpuctl/vgpuctl.mk
include vgpud/vgpud.mk
include driver/driver.mk
include lib/lib.mk
include tests/tests.mk
include tests/shim/shim-tests.mk
include tests/vgpuctl/vgpuctl-tests.mk
include tests/vgpud/vgpud-tests.mk
include tests/driver/driver-tests.mk
include tests/xen/xen-tests.mk
include tests/bench/bench.mk

help: ## list the verbs
	@sed -n 's/^\([a-z][a-z0-9.-]*\):.* ## \(.*\)/  make \1	\2/p' Makefile | expand -t 24

# ---- Use it -------------------------------------------------------------------

demo: $(BUILD)/tests/demo guest accel $(BUILD)/vgpuctl $(BUILD)/source-7.2 $(vgpud-programs) $(demo-files) ## a Linux guest with the device, an administrator's way to it, an OpenCL kernel from a guest
	@lab/steps.sh
	@$(guest-env) $(BUILD)/tests/demo
	@tests/vgpuctl/test_story.sh $(BUILD)/vgpuctl $(BUILD)/vgpuctl-tests/demo $(BUILD) $(BUILD)/source-7.2 --show
	@$(guest-env) tests/demo/run.sh $(driver-quick)

vm: $(BUILD)/tests/demo guest accel ## the same guest, with a shell for you
	@$(guest-env) $(BUILD)/tests/demo --shell

vgpu-stub.c: $(device-sources) ## the drop-in file for a QEMU tree
	$(say)device/join.sh $@

vgpuctl: $(BUILD)/vgpuctl ## the host's tool, as build/vgpuctl

driver: $(driver-kernels:%=$(BUILD)/driver/%/vgpu_stub.ko) ## the Linux driver, for each kernel that it is tested on

lib: $(lib-files) ## libvgpu, vgpu-smi and vgpu-test, below build/lib

install-guest: lib ## in the guest: library, headers, programs, manual pages, below PREFIX (/usr/local)
	$(install-guest)

# ---- Check it -----------------------------------------------------------------

test: own-qemu-only test-setup driver-quick-setup $(xen-setup) accel ## everything that CI runs; ends with passed and failed counts
	@$(guest-env) $(watch-env) tests/run.sh $(lint-suites) $(unit-suites) $(fuzz-suites) $(qtest-suites-thorough) \
	    $(guest-suites-thorough) $(lab-suites) $(dropin-suites) $(faults-suites) \
	    $(shim-suites) $(shim-lab-suites) $(vgpuctl-suites) $(vgpud-suites) $(driver-quick-suites) \
	    $(xen-harness-suites) $(xen-suites) $(newer-suites)

check: own-qemu-only check-setup accel ## the part under 3 minutes, for before each commit
	@$(guest-env) $(watch-env) tests/run.sh $(unit-suites) $(qtest-suites) $(guest-suites) $(shim-suites) $(vgpuctl-quick-suites)

test-device: $(qtests) $(BUILD)/tests/test_guest guest accel ## qtests and guest suite on the QEMU in VGPU_QEMU
	@$(guest-env) tests/run.sh $(qtest-suites-thorough) $(guest-suites-thorough)

test-xen: own-qemu-only $(xen-setup) ## the device under the real Xen; VGPU_SKIP_XEN=1 leaves it out of `make test`
	@tests/run.sh $(xen-harness-suites) $(xen-suites)

test-driver: driver-setup accel ## the driver on each kernel, with a device that lies; `make test` has one kernel
	@$(guest-env) tests/run.sh $(driver-suites)

test-heavy: test-setup ## what takes longer: each fuzzer for FUZZ_SECONDS (600)
	@tests/run.sh $(fuzz-suites-heavy)

bench: bench-setup accel ## figures beside those of the same machine, in one table; docs/performance.md
	@$(guest-env) tests/bench/run.py $(bench-directory)

lint: $(abi) $(vgpud-abi) packages ## warnings of gcc, clang, clang-tidy, cppcheck, shellcheck
	@lab/lint.sh

format: packages ## lay out the C sources as .clang-format says
	@clang-format -i $(c-files)

pre-push: test ## all that decides whether a change may land

rpm: ## the host's package, below build/rpm (in XCP-ng's build container)
	@packaging/rpm/build.sh $(BUILD)/rpm $(or $(VERSION),0)

clean: ## remove what was built; keeps what was downloaded
	rm -rf $(filter-out $(BUILD)/apt $(BUILD)/source% $(BUILD)/meson% $(BUILD)/xen $(BUILD)/xen-lab.work $(BUILD)/python2,$(wildcard $(BUILD)/*)) vgpu-stub.c

distclean: ## remove everything that is not in git
	rm -rf $(BUILD) vgpu-stub.c

.PHONY: help demo vm vgpuctl rpm test check test-device test-xen test-driver test-heavy lint format pre-push clean distclean
