# SPDX-License-Identifier: MIT
# The host's side: vgpud, and the worker that it starts for each VM.

# The worker is plain C: it is to live in a root of its own with little in it.
vgpu-worker-modules := $(addprefix vgpud/,$(addsuffix .c,backend backend-opencl build-options config lease \
    link link-hello log memory opencl opencl-arguments run sandbox sandbox-filter sandbox-test sandbox-verify \
    serve watchdog worker-options))
vgpud-modules := $(addprefix vgpud/,$(addsuffix .c,chroot config listener note notify peer proc record registry \
    spawn vm vms))
vgpud-headers := $(wildcard vgpud/*.h include/vgpu/*.h) shim/paths.h

vgpu-worker-libs := -lseccomp -lcap-ng -ldl
vgpud-cflags = $(dom0-cflags) -fPIE -pie -fstack-protector-strong -Wl,-z,relro,-z,now
vgpud-programs := $(BUILD)/vgpud/vgpud $(BUILD)/vgpud/vgpu-worker
$(shell mkdir -p $(BUILD)/vgpud)

$(BUILD)/vgpud/vgpu-worker: vgpud/worker.c $(vgpu-worker-modules) $(vgpud-headers) vgpud/vgpud.mk | $(dom0-packages)
	$(say)gcc $(vgpud-cflags) $< $(vgpu-worker-modules) -o $@ $(vgpu-worker-libs)

$(BUILD)/vgpud/vgpud: vgpud/vgpud.c $(vgpud-modules) $(vgpud-headers) vgpud/vgpud.mk | $(dom0-packages)
	$(say)gcc $(vgpud-cflags) $< $(vgpud-modules) -o $@ $(glib-only)
