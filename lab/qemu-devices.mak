# SPDX-License-Identifier: MIT
# What the minimal QEMU has beside vgpu-stub.

# Machines pc and q35 (and, with --enable-xen, xenfv).
CONFIG_I440FX=y
CONFIG_Q35=y
# The guest's console.
CONFIG_SERIAL_ISA=y
# Peers to measure against, and disks and channels for guests.
CONFIG_PCI_TESTDEV=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_SERIAL=y
# ich9-usb-ehci1: the device that a host's administrator probes with.
CONFIG_USB_EHCI_PCI=y
CONFIG_E1000_PCI=y
# What XCP-ng's wrapper gives each VM: a VGA in slot 2, the firmware's console.
CONFIG_VGA_CIRRUS=y
CONFIG_VGA_PCI=y
CONFIG_ISA_DEBUG=y
