# SPDX-License-Identifier: MIT
# A byte written to a register overwrites all of it.
# caught by: registers /registers/write/1-bytes
s/return size == VGPU_REG_SIZE && .*;/return true;/
