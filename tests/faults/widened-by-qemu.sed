# SPDX-License-Identifier: MIT
# QEMU makes 4-byte accesses of all others, as the first vgpu-stub let it.
# caught by: registers /registers/ignored-write-sets-no-status/8-bytes
s/\.valid = {.*/.valid = { .min_access_size = 1, .max_access_size = 8 },/
s/\.impl = {.*/.impl = { .min_access_size = 4, .max_access_size = 4 },/
