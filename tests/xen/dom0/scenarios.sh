# shellcheck shell=dash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1091
# All scenarios, the short ones first. They share two Linux guests, g1 and g2.
. /tests/lib.sh
. /tests/cycles.sh
. /tests/queues.sh
. /tests/bad-input.sh
. /tests/linux-guests.sh
. /tests/lost-state.sh

report "@@ versions $(xl info xen_version) $(uname -r) $($QEMU --version | sed -n 's/^QEMU emulator version \([^ ]*\).*/\1/p')"
cycles
queues
bad_input
linux_guests
lost_state
