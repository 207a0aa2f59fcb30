# shellcheck shell=dash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1091
# All scenarios, the short ones first. They share two Linux guests, g1 and g2.
. /tests/lib.sh
. /tests/cycles.sh
. /tests/queues.sh
. /tests/accelerator.sh
. /tests/bad-input.sh
. /tests/linux-guests.sh
. /tests/lost-state.sh

report "@@ versions $(xl info xen_version) $(uname -r) $($QEMU --version | sed -n 's/^QEMU emulator version \([^ ]*\).*/\1/p')"

# The kernel's command line can name some of them: vgpu.scenarios=cycles:queues, and
# accelerated_guest, which is a part of linux_guests.
chosen=$(sed -n 's/.*vgpu\.scenarios=\([^ ]*\).*/\1/p' /proc/cmdline | tr : ' ')
for scenario in ${chosen:-cycles queues bad_input linux_guests lost_state}; do
    $scenario
done
