#!/bin/sh
# SPDX-License-Identifier: MIT
# Everything that can be said about the sources without running them. Warnings
# are errors. (gcc's are on in every build, so they are not repeated here.)
# Usage: lab/lint.sh [--tap]
set -u
. lab/lib.sh

status=0
fail() {
    say "# $*"
    status=1
}
c_files=$(git ls-files '*.c' '*.h')
flags="-std=gnu99 -D_GNU_SOURCE -Itests -I. -Iinclude -Idevice -Ilib -Ivgpuctl -I$BUILD/gen
    $(pkg-config --cflags json-glib-1.0 glib-2.0)"
# What needs QEMU's own headers is compiled by the suite `dropin` instead; the tiny
# guest is 32-bit code without a libc.
plain_c=$(git ls-files 'device/core/*.c' 'shim/*.c' 'vgpuctl/*.c' 'vgpud/*.c' 'lib/*.c' 'tests/*.c' | grep -v -e bar-watch -e tiny-guest)

# shellcheck disable=SC2086
clang-format --dry-run --Werror $c_files || fail "run: make format"

# shellcheck disable=SC2086
for file in $plain_c; do
    clang $flags -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion \
        -Werror -fsyntax-only "$file" || fail "clang: $file"
done

# shellcheck disable=SC2086
clang-tidy --quiet --warnings-as-errors='*' $plain_c -- $flags 2>/dev/null ||
    fail "clang-tidy"

# cppcheck does not know GTest's comparing macros.
# shellcheck disable=SC2086
cppcheck --quiet --error-exitcode=1 --std=c99 --enable=warning,portability \
    --library=gtk --suppress=missingIncludeSystem --suppress=unknownMacro \
    '-Dg_assert_cmpint(a,op,b)=' '-Dg_assert_cmpuint(a,op,b)=' \
    '-Dg_assert_cmphex(a,op,b)=' '-Dg_assert_cmpstr(a,op,b)=' \
    -D__linux__ -Itests -I. -Iinclude -Idevice -Ilib -Ivgpuctl \
    $plain_c || fail "cppcheck"

# shellcheck disable=SC2046
shellcheck -x $(git ls-files '*.sh' '.ci/run') || fail "shellcheck"
for file in tests/guest/init tests/driver/init tests/demo/init tests/bench/init tests/xen/dom0/init tests/xen/dom0/device-model \
    tests/xen/dom0/qemu-wrapper; do
    shellcheck -s dash "$file" || fail "shellcheck: $file"
done
shellcheck -s bash vgpuctl/completion/*.bash || fail "shellcheck: completion"

for file in $(git ls-files '*.c' '*.h' '*.sh' '*.mk' '*.mak' '*.list' '*.sed' \
    Makefile .ci/run tests/guest/init tests/driver/init tests/demo/init tests/bench/init); do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: ' ||
        fail "$file: no SPDX line"
done
for license in $(git grep -h -o 'SPDX-License-Identifier: [A-Za-z0-9. -]*' |
    sed 's/.*: //; s/ AND / /g' | tr ' ' '\n' | sort -u); do
    [ -f "LICENSES/$license.txt" ] || fail "no LICENSES/$license.txt"
done
git grep -n -I '[[:blank:]]$' -- . ':!LICENSES' ':!tests/guest/golden' &&
    fail "blanks at the end of a line"

if [ "${1:-}" = --tap ]; then
    say "1..1"
    [ $status = 0 ] || printf 'not '
    say "ok 1 /lint"
fi
[ $status != 0 ] || say "# lint: clean"
exit $status
