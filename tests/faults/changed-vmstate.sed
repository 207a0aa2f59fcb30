# SPDX-License-Identifier: MIT
# A state saved by an earlier release no longer loads.
# caught by: migrate /migrate/layout
s/VMSTATE_UINT32(core.status, VgpuStub),/& VMSTATE_UINT32(vm_id, VgpuStub),/
