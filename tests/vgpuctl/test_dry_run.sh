#!/bin/sh
# SPDX-License-Identifier: MIT
# --dry-run prints exactly what the run then changes and runs: the lists of both,
# as --json has them, are compared. Prints TAP.
# Usage: tests/vgpuctl/test_dry_run.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2034 # lib.sh sets and reads them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh

changes() { python3 -c 'import json, sys
report = json.load(sys.stdin)
assert report["exit_code"] == 0, report
for change in report["changes"]: print(change["kind"], change["what"])'; }

# same NAME WORD...: a dry run and the run name the same changes, and some.
same() {
    name=$1
    shift
    "$vgpuctl" "$@" --dry-run --json 2>>"$log" | changes >"$scratch/dry" 2>>"$log" || true
    "$vgpuctl" "$@" --json 2>>"$log" | changes >"$scratch/run" 2>>"$log" || true
    check "$name/changes-something" [ -s "$scratch/run" ]
    check "$name/as-the-dry-run-said" diff "$scratch/dry" "$scratch/run"
}

: >"$log"
top=$scratch/top
rm -rf "$top"
mkdir -p "$top/SPECS" "$top/SOURCES"
cp tests/vgpuctl/specs/autosetup.spec "$top/SPECS/qemu.spec"
same integrate integrate --topdir "$top"
same integrate-undo integrate --topdir "$top" --undo

fresh
same install install --root "$root" --stock-rpm "$rpms/stock.rpm" "$rpms/new.rpm"
same rollback-by-rpm rollback --root "$root"
fresh
same install-without-rpm install --root "$root" "$rpms/new.rpm"
same rollback rollback --root "$root"
rm -rf "$top"
finish
