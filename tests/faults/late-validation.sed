# SPDX-License-Identifier: MIT
# The BAR is registered before the properties are known to be right.
# caught by: properties /properties/refused-before-registration
s/^    if (vgpu_config_parse(&config, stub->pool_id.*/    memory_region_init(\&stub->regs, OBJECT(stub), "early", VGPU_REGS_BAR_SIZE);\n    pci_register_bar(pci, VGPU_REGS_BAR, PCI_BASE_ADDRESS_SPACE_MEMORY, \&stub->regs);\n&/
