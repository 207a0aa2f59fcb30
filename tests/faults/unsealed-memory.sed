# SPDX-License-Identifier: MIT
# The link's memory is used as it comes: its other end can shrink it, which ends QEMU.
# caught by: link /link/wrong-descriptors
# limit: 5
s/if (seals < 0 || (seals & VGPU_SEALS) != VGPU_SEALS ||/if (seals == -2 ||/
