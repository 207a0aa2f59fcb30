#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the package from what is in this directory and known to git.
# Usage: packaging/rpm/build.sh DIRECTORY VERSION [RPMBUILD-WORD...]
# DIRECTORY becomes rpmbuild's; the packages are below its RPMS and SRPMS.
set -eu
. lab/lib.sh

[ $# -ge 2 ] || die 'usage: packaging/rpm/build.sh DIRECTORY VERSION [WORD...]'
mkdir -p "$1/SOURCES"
directory=$(realpath "$1") version=$2
shift 2
command -v rpmbuild >/dev/null || die 'no rpmbuild: yum install rpm-build' \
    '(Debian: apt-get install rpm)'
# Debian's rpm knows nothing of what dpkg has installed.
[ ! -e /etc/debian_version ] || set -- --nodeps "$@"
git ls-files -z | tar czf "$directory/SOURCES/vgpuctl-$version.tar.gz" --null -T - \
    --transform "s,^,vgpuctl-$version/,"
rpmbuild -ba --define "_topdir $directory" --define "vgpu_version $version" "$@" \
    packaging/rpm/vgpuctl.spec >"$directory/log" 2>&1 ||
    { tail -n 30 "$directory/log" >&2; die "rpmbuild failed; its output is in $directory/log"; }
find "$directory/RPMS" "$directory/SRPMS" -name '*.rpm'
