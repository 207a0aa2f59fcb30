# SPDX-License-Identifier: MIT
# A guest can change what the host said.
# caught by: registers /registers/write/4-bytes
/^void vgpu_core_write/,/^}/s/^    default:$/    case VGPU_REG_VM_ID:\n        core->config.vm_id = value;\n        return;\n&/
