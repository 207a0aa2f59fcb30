# SPDX-License-Identifier: MIT
# The story's QEMU: one machine type, to be built quickly.
CONFIG_I440FX=y
