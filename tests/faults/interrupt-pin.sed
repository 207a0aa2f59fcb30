# SPDX-License-Identifier: MIT
# A pin that nothing drives: the guest reserves an interrupt for it.
# caught by: enumerate /enumerate/pc/no-pin
s/^    pci_register_bar(pci, VGPU_REGS_BAR.*/    pci->config[PCI_INTERRUPT_PIN] = 1;\n&/
