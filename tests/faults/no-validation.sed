# SPDX-License-Identifier: MIT
# A wrong priority is taken for the default.
# caught by: properties /properties/bad/priority-urgent
# limit: 5
s/prio = vgpu_choice_by_text(vgpu_priorities, priority,/prio = vgpu_choice_by_text(vgpu_priorities, "",/
