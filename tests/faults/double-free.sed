# SPDX-License-Identifier: MIT
# An exit callback frees the property strings, which their properties free too.
# caught by: hotplug /hotplug/under-memory-checker
/^static void vgpu_stub_class_init/i\
static void fault_exit(PCIDevice *pci)\
{\
    g_free(VGPU_STUB(pci)->pool_id);\
    g_free(VGPU_STUB(pci)->priority);\
}\

s/k->exit = vgpu_stub_exit;/k->exit = fault_exit;/
