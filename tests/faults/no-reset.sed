# SPDX-License-Identifier: MIT
# The registers survive a system reset.
# caught by: reset /reset/system/pc
/vgpu_set_reset(dc, /d
