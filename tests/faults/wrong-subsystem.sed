# SPDX-License-Identifier: MIT
# The subsystem is QEMU's default one.
# caught by: enumerate /enumerate/pc/identity
/k->subsystem_\(vendor_\)\?id = /d
