#!/bin/sh
# SPDX-License-Identifier: MIT
# Whether the system's Debian mirror can be reached and has a release; prints
# why not.
# Usage: lab/mirror-has.sh RELEASE
set -eu
. lab/lib.sh

[ $# = 1 ] || die "usage: lab/mirror-has.sh RELEASE"
APT_CONFIG=$(lab/apt.sh "$1" "$(dpkg --print-architecture)" deb-src)
export APT_CONFIG
mkdir -p "$LOGS"
log=$LOGS/mirror-has-$1.log
apt-get -q update >"$log" 2>&1 || true
# Not an error of one index, but none at all.
if ! apt-cache showsrc qemu >/dev/null 2>&1; then
    grep -m 1 '^E: \|^Err:' "$log" | tr -d '\r\n'
    echo
    exit 1
fi
