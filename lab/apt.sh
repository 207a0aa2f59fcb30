#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a private apt state for one release and architecture, from the mirrors
# that the system's own apt uses, and leaves the system's state alone. Prints
# the path to put into APT_CONFIG.
# Usage: lab/apt.sh RELEASE ARCHITECTURE deb|deb-src
set -eu
. lab/lib.sh

[ $# = 3 ] || die "usage: lab/apt.sh RELEASE ARCHITECTURE deb|deb-src"
release=$1 arch=$2 type=$3
dir=$PWD/$BUILD/apt/$release-$arch-$type

# The system's lines for its own release, with the wanted release in its
# place: "bookworm-security" becomes "trixie-security".
host=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
# shellcheck disable=SC2016
lines=$(apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Identifier: Packages' |
    awk -v host="$host" -v release="$release" -v type="$type" '
        # Not backports: they have other versions.
        $2 == host || $2 == host "-updates" || $2 == host "-security" {
            sub("^" host, release, $2)
            if (!seen[$0]++) print type, $0
        }')
[ -n "$lines" ] || die "apt's sources name no mirror for $host; put" \
    "a 'deb' line for it into /etc/apt/sources.list and run apt-get update"

mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
printf '%s\n' "$lines" >"$dir/sources.list"
: >"$dir/status"
cat >"$dir/apt.conf" <<CONF
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Retries "3";
Acquire::Languages "none";
Dir::State "$dir";
Dir::State::lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache";
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "-";
CONF
echo "$dir/apt.conf"
