# SPDX-License-Identifier: MIT
# INTx stays asserted when the driver has cleared its cause.
# caught by: queues /queues/intx
s/core->interrupt &= ~value;/return NULL;/
