# SPDX-License-Identifier: MIT
# Commands are done while the VM is stopped, behind the back of its migration.
# caught by: queues /queues/stopped
s/runstate_is_running()/true/
