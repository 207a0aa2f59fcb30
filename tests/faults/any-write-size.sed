# SPDX-License-Identifier: MIT
# A byte written to a register overwrites all of it.
# caught by: registers /registers/write/1-bytes
s/if (size != VGPU_REG_SIZE || offset % VGPU_REG_SIZE != 0) {/if (0) {/
