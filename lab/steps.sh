#!/bin/sh
# SPDX-License-Identifier: MIT
# Sums up the timed steps since `begin`.
set -eu
. lab/lib.sh

awk '{ sum[$1] += $2 }
     END { printf "Set-up: %d s, and %d s of downloads\n", sum["work"], sum["download"] }' \
    "$STEPS"
