# SPDX-License-Identifier: MIT
# Each plug loses the property strings.
# caught by: hotplug /hotplug/under-memory-checker
/^static void vgpu_stub_replace/,/^}/s/g_free(\*property);//
