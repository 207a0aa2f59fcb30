#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes sure that the packages of some sets of packages.list are installed: as
# root by itself, otherwise by printing the one command that does it.
# Usage: lab/packages.sh SET...
set -eu
. lab/lib.sh

case $PWD in
*[[:space:]:\'\"]*) die "QEMU does not build in '$PWD': move the checkout to a" \
    "path without blanks, colons and quotes" ;;
esac
[ $# -gt 0 ] || die "usage: lab/packages.sh SET..."
command -v apt-get >/dev/null ||
    die "this needs Debian 12 (or a system with apt-get and its packages)"

wanted=
for set in "$@"; do
    packages=$(sed -n "s/^$set: //p" lab/packages.list)
    [ -n "$packages" ] || die "no set '$set' in lab/packages.list"
    wanted="$wanted $packages"
done

missing=
# shellcheck disable=SC2086
for package in $(printf '%s\n' $wanted | sort -u); do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
    installed) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
    say "Missing packages. Install them with this command, then try again:" >&2
    say "  sudo apt-get update && sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}
say "Packages to install:$missing"
timed download "packages: list" apt_update
# shellcheck disable=SC2086
timed download "packages: download" apt install --download-only $missing
# shellcheck disable=SC2086
timed work "packages: install" apt install $missing
