# SPDX-License-Identifier: MIT
# The queues are not part of the saved state.
# caught by: queues /queues/migrate
# limit: 5
s/{ &vgpu_stub_vmstate_queues,/{/
s/^static const VMStateDescription vgpu_stub_vmstate_queues/__attribute__((unused)) &/
