# SPDX-License-Identifier: MIT
# Nobody listens to the descriptors that KVM tells of doorbells by.
# caught by: queues /queues/ioeventfd/no-bus-master
# limit: 5
/^static void vgpu_doorbell_rung/,/^}/s/^    vgpu_doorbell_take(.*/    (void)notifier;/
