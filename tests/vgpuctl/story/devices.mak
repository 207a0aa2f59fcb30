# SPDX-License-Identifier: MIT
# The story's QEMU: one machine type, to be built quickly.
CONFIG_I440FX=y
# What the wrapper of the dom0 in a directory gives each VM, and the probe.
CONFIG_PCI_TESTDEV=y
CONFIG_E1000_PCI=y
CONFIG_USB_EHCI_PCI=y
CONFIG_VGA_CIRRUS=y
CONFIG_VGA_PCI=y
CONFIG_ISA_DEBUG=y
CONFIG_SERIAL_ISA=y
