#!/bin/sh
# SPDX-License-Identifier: MIT
# vgpuctl wrapper: both ways in and out again on a dom0 in a directory, every
# refusal, the edit under the Pythons that are here, a toolstack that does not
# come up, and each step interrupted: a host whose xenopsd would not start or
# whose VMs do not start is a failure. Prints TAP.
# Usage: tests/vgpuctl/test_wrapper.sh VGPUCTL SCRATCH BUILD
# shellcheck disable=SC2154,SC2034 # lib.sh sets and reads them
set -eu
vgpuctl=$1 scratch=$2 build=$3
. tests/dom0/lib.sh

found=5
WRAPPER=/usr/lib64/xen/bin/qemu-wrapper
LIBEXEC=/usr/libexec/vgpu
CONFIG=/etc/xenopsd.conf.d/vgpu.conf
KEY=upstream-compat-qemu-dm-wrapper
EXEC='print("Exec: %s %s" % (qemu_dm, " ".join(qemu_args)))'

# ---- The host --------------------------------------------------------------------

# wrapper FIRST-LINES LINE...: a stand-in of the real one's structure, with these
# lines before QEMU is started. It writes QEMU's command line to a file instead.
wrapper() {
    first=$1
    shift
    {
        printf '%s\n' "$first" '# A stand-in for qemu-wrapper.' 'import os' 'import sys' '' \
            'def xenstore_read(path):' \
            '    with open(os.environ["VGPU_ROOT"] + "/tmp/xenstore", "rb") as f:' \
            '        return f.read()' '' 'def main(argv):' \
            '    for n in range(len(argv)):' '        if argv[n] == "-xen-domid":' \
            '            domid = int(argv[n + 1])' '            break' \
            "    qemu_dm = '$QEMU'" "    qemu_args = ['qemu-dm-%d' % domid]" \
            '    qemu_args.extend(argv[2:])' '    qemu_args.remove("--syslog")' \
            '    qemu_args += ["-runas", "65536:65536"]' ''
        printf '%s\n' "$@"
        printf '%s\n' '' '    with open(os.environ["VGPU_ROOT"] + "/tmp/qemu", "w") as f:' \
            '        f.write("\n".join(qemu_args) + "\n")' '    sys.stdout.flush()' '' \
            "if __name__ == '__main__':" '    main(sys.argv)'
    } >"$root$WRAPPER"
    chmod 755 "$root$WRAPPER"
    touch -d '2025-03-04 05:06:07' "$root$WRAPPER"
}
wrapper3() { wrapper '#! /usr/bin/python3' "    $EXEC"; }

# What xe-toolstack-restart does that matters here: xenopsd reads its files and
# does not come up where the wrapper cannot be executed. "running" is the wrapper
# that the running one has; "fails" counts the restarts that go wrong.
toolstack() {
    mkdir -p "$root/opt/xensource/bin" "$root/tmp" "$scratch/proc/77"
    ln -sfn "$scratch/proc" "$root/proc"
    cat >"$root/opt/xensource/bin/xe-toolstack-restart" <<'END'
#!/bin/sh
# A stand-in for xe-toolstack-restart.
root=$(cd "$(dirname "$0")/../../.." && pwd)
echo "Executing xe-toolstack-restart"
echo restart >>"$root/tmp/restarts"
fails=$(cat "$root/tmp/fails" 2>/dev/null || echo 0)
rm -f "$root/tmp/running" "$root/proc/77/stat"
if [ "$fails" -gt 0 ]; then
    echo $((fails - 1)) >"$root/tmp/fails"
    echo "xenopsd-xc.service failed to restart, inactive"
    exit 1
fi
wrapper=$(cat "$root/etc/xenopsd.conf" "$root"/etc/xenopsd.conf.d/* 2>/dev/null |
    sed -n 's/^upstream-compat-qemu-dm-wrapper=//p' | tail -n 1)
wrapper=${wrapper:-/usr/lib64/xen/bin/qemu-wrapper}
[ -x "$root$wrapper" ] || { echo "xenopsd-xc.service failed to restart, no $wrapper"; exit 1; }
echo "$wrapper" >"$root/tmp/running"
echo '77 (xenopsd-xc) S 1 77 77 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 30 0 100000 1 1' >"$root/proc/77/stat"
date +%s.%N >"$root/proc/started"
echo done.
END
    chmod 755 "$root/opt/xensource/bin/xe-toolstack-restart"
    started_long_ago
    echo $WRAPPER >"$root/tmp/running"
}
# xenopsd runs since a thousand seconds.
started_long_ago() {
    echo '77 (xenopsd-xc) S 1 77 77 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 30 0 100000 1 1' >"$root/proc/77/stat"
    date -d '1000 seconds ago' +%s.%N >"$root/proc/started"
}
restart() { "$root/opt/xensource/bin/xe-toolstack-restart"; }

# xenopsd was started 1000 s after the host, whose time goes on.
real=$vgpuctl
vgpuctl=$scratch/vgpuctl
cat >"$vgpuctl" <<'END'
#!/bin/sh
# Sets the clock of the dom0 in a directory, then is vgpuctl.
[ ! -e "$root/proc" ] || date +%s.%N |
    awk -v started="$(cat "$root/proc/started")" '{ printf "%.2f 1.00\n", $1 - started + 1000 }' \
        >"$root/proc/uptime"
exec "$real" "$@"
END
chmod 755 "$vgpuctl"
export root real

unit() {
    mkdir -p "$root/usr/lib/systemd/system"
    printf '[Service]\nExecStart=/usr/sbin/xenopsd-xc %s --log syslog\n' "$*" \
        >"$root/usr/lib/systemd/system/xenopsd-xc.service"
}
# A host of 8.3, with a configuration directory; one of 8.2, without.
host83() {
    fresh
    mkdir -p "$root/etc/xenopsd.conf.d"
    touch -d '2025-03-04 05:06:07' "$root/etc/xenopsd.conf.d"
    printf '# of the package\nlog=syslog\n' >"$root/etc/xenopsd.conf"
    unit --config /etc/xenopsd.conf --config-dir /etc/xenopsd.conf.d
    toolstack
    wrapper3
}
host82() {
    fresh
    rm -rf "$root/etc/xenopsd.conf.d"
    sed -i s/8.3.0/8.2.1/ "$root"/etc/*release "$root/etc/xensource-inventory"
    unit --config /etc/xenopsd.conf
    toolstack
    wrapper3
}

# xenopsd_would_start: what its files name can be executed.
xenopsd_would_start() {
    [ -x "$root$WRAPPER" ] || return 1
    for file in "$root/etc/xenopsd.conf" "$root"/etc/xenopsd.conf.d/*; do
        [ -f "$file" ] || continue
        sed -n "s/^$KEY=//p" "$file" | while read -r named; do
            [ -x "$root$named" ] || { echo "xenopsd would not start: $file"; exit 1; }
        done || return 1
    done
}
# vm_starts [WORD...]: a VM is started by the xenopsd that runs, within 2 s; its
# QEMU has the words that it needs, and these last.
vm_starts() {
    xenopsd_would_start || return 1
    rm -f "$root/tmp/qemu"
    wrapper=$(cat "$root/tmp/running") || return 1
    before=$(date +%s%N)
    env -i PATH="$PATH" VGPU_ROOT="$root" "$root$wrapper" 7 --syslog -xen-domid 7 -m 256 \
        >"$root/tmp/daemon.log" 2>&1 </dev/null || { cat "$root/tmp/daemon.log"; return 1; }
    cat "$root/tmp/daemon.log"
    [ $((($(date +%s%N) - before) / 1000000)) -lt 2000 ] || { echo 'too slow'; return 1; }
    printf '%s\n' qemu-dm-7 -xen-domid 7 -m 256 -runas 65536:65536 "$@" >"$root/tmp/expected"
    diff "$root/tmp/expected" "$root/tmp/qemu"
}
daemon_log() { grep -q -e "$1" "$root/tmp/daemon.log"; }

# qemu_args LINE...: the program that both ways ask, as a shell script.
qemu_args() {
    mkdir -p "$root$LIBEXEC"
    printf '%s\n' '#!/bin/sh' '# A stand-in for qemu-args.' "$@" >"$root$LIBEXEC/qemu-args"
    chmod 755 "$root$LIBEXEC/qemu-args"
}

fails() { ! "$@"; }
fact() { grep -q -e "^$1 *$2: .*$3" "$log"; }
mode() { [ "$(stat -c %a "$root$1")" = "$2" ]; }
gone() { for gone_path in "$@"; do [ ! -e "$root$gone_path" ] || return 1; done; }
restarts() {
    : >>"$root/tmp/restarts"
    [ "$(wc -l <"$root/tmp/restarts")" = "$1" ]
}
wrapper_is_stock() { cmp "$scratch/stock" "$root$WRAPPER"; }
keep_stock() { cp "$root$WRAPPER" "$scratch/stock"; }
no_leftover() { ! find "$root" -name '*.vgpuctl-new' -o -name '*.pyc' -o -name __pycache__ | grep .; }

# ---- What is refused, and what is not understood -------------------------------------

host83
remember
for words in '' 'install remove' 'mend' 'remove --method config' 'status --any-release' \
    'install --method shim'; do
    # shellcheck disable=SC2086
    check "usage/${words:-nothing}" run 2 wrapper $words
    check "usage/${words:-nothing}/changed" nothing_changed
done

vgpuctl=$real
as_user wrapper install
check refused/not-root [ "$user_status" = 3 ]
check refused/not-root/says-so says 'only root may do this'
as_user wrapper status
check status/not-root [ "$user_status" = $found ]
vgpuctl=$scratch/vgpuctl

host83
sed -i s/8.3.0/8.1.0/ "$root"/etc/*release "$root/etc/xensource-inventory"
refused refused/8.1 'XCP-ng 8.1.0 has QEMU 2.10' wrapper install
host83
sed -i s/XCP-ng/XenServer/ "$root"/etc/*release "$root/etc/xensource-inventory"
refused refused/xenserver 'this host is XenServer 8.3.0, not XCP-ng' wrapper install
check refused/xenserver/any-release run 0 wrapper install --any-release
check refused/xenserver/warns says '^warning: this host is XenServer'

host83
rm "$root$WRAPPER"
refused refused/no-wrapper "$WRAPPER: No such file" wrapper install
ln -s /bin/true "$root$WRAPPER"
refused refused/link 'it is a symbolic link' wrapper install
host83
chmod 644 "$root$WRAPPER"
refused refused/not-executable 'qemu-wrapper cannot be executed' wrapper install
host83
head -c 200000 /dev/zero >"$root$WRAPPER"
refused refused/too-large 'larger than any such file' wrapper install
head -c 2000 /dev/zero >"$root$WRAPPER"
refused refused/no-text 'it is no text' wrapper install

host83
echo "$KEY=/opt/other" >"$root/etc/xenopsd.conf.d/zz.conf"
refused refused/conflict '/etc/xenopsd.conf.d/zz.conf names another wrapper: /opt/other' wrapper install
host83
echo "$KEY=/opt/other" >>"$root/etc/xenopsd.conf"
refused refused/conflict-main '/etc/xenopsd.conf names another wrapper: /opt/other' wrapper install
host83
echo "$KEY=$LIBEXEC/qemu-wrapper" >"$root$CONFIG.bak"
refused refused/copy "$CONFIG.bak names the shim, too" wrapper install
run 0 wrapper install --any-release >/dev/null 2>&1 || :
rm "$root$CONFIG.bak"
check refused/copy/then-install run 0 wrapper install
cp "$root$CONFIG" "$root$CONFIG~"
refused refused/copy/remove "$CONFIG~ names the shim, too" wrapper remove
check refused/copy/status run $found wrapper status
check refused/copy/fact fact problem 'no other file names a wrapper' "$CONFIG~ names the shim, too"

host83
rm "$root/opt/xensource/bin/xe-toolstack-restart"
refused refused/no-restart 'there is no xe-toolstack-restart' wrapper install --restart-toolstack

host82
refused refused/no-config-dir 'xenopsd reads no configuration directory' wrapper install --method config
mkdir "$root/etc/xenopsd.conf.d"
refused refused/dir-not-read 'xenopsd reads no configuration directory' wrapper install --method config
host82
wrapper '#! /usr/bin/python' '    print "Exec: %s %s" % (qemu_dm, " ".join(qemu_args))'
refused refused/old 'drives QEMU 2.10' wrapper install
check refused/old/remedy grep -q 'remedy: update the host to XCP-ng 8.2 or 8.3' "$log.err"
check refused/old/status run $found wrapper status
check refused/old/fact fact problem 'the wrapper is one that vgpuctl knows' 'QEMU 2.10'
wrapper '#! /usr/bin/python3' '    pass'
refused refused/no-anchor "no line that logs QEMU's command line" wrapper install
check refused/no-anchor/remedy grep -q 'remedy: update the host to XCP-ng 8.2 or 8.3' "$log.err"
wrapper '#! /usr/bin/python3' "    $EXEC" "    $EXEC"
refused refused/two-anchors "2 lines that log QEMU's command line" wrapper install
wrapper '#! /bin/sh' "    $EXEC"
refused refused/no-python 'is no Python script' wrapper install
wrapper '#! /usr/bin/python3.99' "    $EXEC"
refused refused/no-interpreter '/usr/bin/python3.99 is missing' wrapper install
wrapper '#! /usr/bin/python3' '    if:' "    $EXEC"
refused refused/syntax '/usr/bin/python3 does not compile the edited wrapper: SyntaxError' wrapper install
check refused/syntax/status run $found wrapper status
check refused/syntax/fact fact problem 'the wrapper is valid Python' 'no VM starts with it: SyntaxError'
wrapper '#! /usr/bin/python3' '    # ---- vgpuctl wrapper: begin' "    $EXEC"
refused refused/half-a-block 'half of an edit' wrapper install
refused refused/half-a-block/remove 'half of an edit' wrapper remove

# ---- The way by configuration ----------------------------------------------------------

host83
remember
check config/none/status run $found wrapper status
check config/none/says-so fact problem "something takes a VM's key to QEMU" 'nothing does'
check config/none/verdict says "^nothing takes a VM's device-model-args to QEMU$"
check config/none/no-ok-of-what-is-not fails says "^ok .*\(shim\|vgpuctl's edit\)"
check config/none/remedy says 'remedy: vgpuctl wrapper install'
check config/none/remove run 0 wrapper remove
check config/none/remove/says-so says 'nothing to do'
check config/none/changed nothing_changed

check config/dry-run run 0 wrapper install --restart-toolstack --dry-run
check config/dry-run/changed nothing_changed
sed -n 's/^would //p' "$log" >"$scratch/dry"
check config/install run 0 wrapper install --restart-toolstack
sed -n 's/^  \([a-z]* .*\)/\1/p' "$log" >"$scratch/run"
check config/as-the-dry-run-said diff "$scratch/dry" "$scratch/run"
order() { sed -n 's/.*\(qemu-args\|qemu-wrapper\|vgpu\.conf\|toolstack-restart\)$/\1/p' "$scratch/run" | tr '\n' ' '; }
check config/order [ "$(order)" = 'qemu-args qemu-wrapper vgpu.conf toolstack-restart ' ]
check config/programs mode $LIBEXEC/qemu-args 755
check config/shim mode $LIBEXEC/qemu-wrapper 755
check config/directory mode $LIBEXEC 755
check config/file mode $CONFIG 644
check config/text [ "$(cat "$root$CONFIG")" = "$KEY=$LIBEXEC/qemu-wrapper" ]
check config/alone [ "$(ls -A "$root/etc/xenopsd.conf.d")" = vgpu.conf ]
check config/restarted restarts 1
check config/vm-starts vm_starts
check config/status run 0 wrapper status
check config/status/way says '^config: '
check config/status/words fact ok "something takes a VM's key to QEMU" "the shim, by $CONFIG"
check config/status/restarted fact ok 'xenopsd was restarted since' .
check config/json run 0 wrapper status --json
sed -n '2,$p' "$log" >"$log.json"
check config/json-is-one python3 -c 'import json, sys
report = json.load(open(sys.argv[1]))
assert report["values"] == {"way": "config", "works": "yes"}, report
assert report["exit_code"] == 0 and report["changes"] == []
titles = [check["title"] for check in report["checks"]]
assert len(titles) == 9 and "the wrapper has vgpuctl\x27s edit" not in titles' "$log.json"
remember
check config/again run 0 wrapper install --restart-toolstack
check config/again/says-so says 'nothing to do'
check config/again/changed nothing_changed
check config/again/restarted restarts 1
refused config/other-way 'the other way is there' wrapper install --method python

# xenopsd opens every name that it finds in the directory, and dies when one has
# gone meanwhile: no other name may be there, not even for a moment.
names_seen() {
    python3 - "$root/etc/xenopsd.conf.d" "$@" <<'END'
import ctypes, os, struct, subprocess, sys
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
libc.inotify_add_watch(fd, sys.argv[1].encode(), 0xfff)
subprocess.call(sys.argv[2:], stdout=2)
os.set_blocking(fd, False)
names = set()
try:
    while True:
        data = os.read(fd, 65536)
        while data:
            length = struct.unpack("iIII", data[:16])[3]
            names.add(data[16:16 + length].rstrip(b"\0").decode())
            data = data[16 + length:]
except BlockingIOError:
    pass
print(" ".join(sorted(names - {""})))
END
}
host83
check config/one-name [ "$(names_seen "$vgpuctl" wrapper install --root "$root" 2>>"$log")" = vgpu.conf ]
check config/one-name/is-there [ "$(cat "$root$CONFIG")" = "$KEY=$LIBEXEC/qemu-wrapper" ]
echo "$KEY=/opt/other" >"$root$CONFIG"
echo 1 >"$root/tmp/fails"
check config/one-name/put-back [ "$(names_seen "$vgpuctl" wrapper install --restart-toolstack --root "$root" 2>>"$log")" = vgpu.conf ]
check config/one-name/put-back/text grep -q -x "$KEY=/opt/other" "$root$CONFIG"
check config/one-name/no-leftover no_leftover

# An old umask and programs that were there.
host83
check config/umask sh -c "umask 077; '$vgpuctl' wrapper install --root '$root'"
check config/umask/directory mode $LIBEXEC 755
check config/umask/shim mode $LIBEXEC/qemu-wrapper 755
check config/umask/file mode $CONFIG 644
check config/no-restart/says-so grep -q xe-toolstack-restart "$log"
check config/no-restart/restarted restarts 0
check config/no-restart/status run $found wrapper status
check config/no-restart/fact fact problem 'xenopsd was restarted since' .
check config/no-restart/vm-starts vm_starts
check config/no-restart/again run 0 wrapper install
check config/no-restart/again/warns says '^warning: xenopsd does not run with it yet'
restart >>"$log"
check config/restart-by-hand/status run 0 wrapper status
rm -rf "$root/proc"
check config/no-proc/status run 0 wrapper status
check config/no-proc/fact fact unknown 'xenopsd was restarted since' 'cannot be told'

chmod 644 "$root$LIBEXEC/qemu-wrapper"
check config/mode/status run $found wrapper status
check config/mode/says-so says 'cannot be executed, and so xenopsd will not start again'
check config/mode/install run 0 wrapper install
check config/mode/mended mode $LIBEXEC/qemu-wrapper 755
rm "$root$LIBEXEC/qemu-wrapper"
check config/missing/status run $found wrapper status
check config/missing/says-so says 'is missing, and so xenopsd will not start again'
check config/missing/install run 0 wrapper install
echo '# changed' >>"$root$LIBEXEC/qemu-args"
check config/changed/status run $found wrapper status
check config/changed/says-so fact problem "the shim's other program is there" 'is not the one that'
check config/changed/install run 0 wrapper install
check config/changed/status-after run 0 wrapper status
echo "$KEY=/opt/other" >"$root$CONFIG"
check config/names-other/status run $found wrapper status
check config/names-other/install run 0 wrapper install
check config/names-other/text [ "$(cat "$root$CONFIG")" = "$KEY=$LIBEXEC/qemu-wrapper" ]
rm "$root$CONFIG"
check config/file-gone/status run $found wrapper status
check config/file-gone/fact fact problem "xenopsd's configuration names the shim" 'is gone, which vgpuctl had written'
: >"$root$CONFIG.vgpuctl-new"
check config/half-made/status run $found wrapper status
check config/half-made/install run 0 wrapper install
check config/half-made/gone gone $CONFIG.vgpuctl-new
: >"$root$CONFIG.vgpuctl-new"
check config/half-made/beside/install run 0 wrapper install
check config/half-made/beside/gone gone $CONFIG.vgpuctl-new
unit --config /etc/xenopsd.conf
check config/not-read/status run $found wrapper status
check config/not-read/fact fact problem "xenopsd's configuration names the shim" 'no --config-dir'

# Taken out: at once where xenopsd is restarted, else when it has been.
host83
remember
run 0 wrapper install --restart-toolstack || :
check config/remove run 0 wrapper remove --restart-toolstack
sed -n 's/^  \([a-z]* .*\)/\1/p' "$log" >"$scratch/run"
check config/remove/order [ "$(order)" = 'vgpu.conf toolstack-restart qemu-wrapper qemu-args ' ]
check config/remove/gone gone $LIBEXEC $CONFIG "$STATE"
check config/remove/restarted restarts 2
check config/remove/vm-starts vm_starts
check config/remove/again run 0 wrapper remove --restart-toolstack
check config/remove/again/says-so says 'nothing to do'

host83
run 0 wrapper install --restart-toolstack || :
started_long_ago
check config/remove-later/first run 0 wrapper remove
check config/remove-later/says-so says 'stay: xe-toolstack-restart, then vgpuctl wrapper remove again'
check config/remove-later/file gone $CONFIG
check config/remove-later/vm-starts vm_starts
started_long_ago
check config/remove-later/too-early run 0 wrapper remove
check config/remove-later/programs [ -x "$root$LIBEXEC/qemu-wrapper" ]
restart >>"$log"
check config/remove-later/second run 0 wrapper remove
check config/remove-later/gone gone $LIBEXEC $CONFIG "$STATE"
check config/remove-later/vm-starts-still vm_starts

# Programs that a package owns stay.
host83
run 0 wrapper install --restart-toolstack || :
mkdir -p "$scratch/bin"
cat >"$scratch/bin/rpm" <<'END'
#!/bin/sh
# A stand-in that says that a package owns the shim.
case "$*" in
*-qf*libexec/vgpu*) printf '@vgpuctl\tvgpuctl\t\t1\t1\tx86_64\tabc\t\n' ;;
*) exec /usr/bin/rpm "$@" ;;
esac
END
chmod +x "$scratch/bin/rpm"
path=$PATH
PATH=$scratch/bin:$PATH
check package/remove run 0 wrapper remove --restart-toolstack
check package/says-so says 'qemu-wrapper stays: it is of the package vgpuctl-1-1.x86_64'
check package/programs [ -x "$root$LIBEXEC/qemu-wrapper" ]
check package/file gone $CONFIG
check package/again run 0 wrapper remove
check package/again/says-so says 'nothing to do'
# Without a restart the running xenopsd has the shim's path, whoever owns it.
run 0 wrapper install --restart-toolstack || :
started_long_ago
check package/later run 0 wrapper remove
check package/later/says-so says 'goes on with the shim until it is restarted: xe-toolstack-restart'
check package/later/not-yet fails says 'reaches QEMU no more'
check package/later/again run 0 wrapper remove
check package/later/again/says-so says 'goes on with the shim until it is restarted: xe-toolstack-restart'
before=$(wc -l <"$root/tmp/restarts")
check package/later/restart run 0 wrapper remove --restart-toolstack
check package/later/restarted restarts $((before + 1))
check package/later/then says 'reaches QEMU no more'
check package/later/then/again run 0 wrapper remove --restart-toolstack
check package/later/then/nothing says 'nothing to do'
check package/later/then/restarted restarts $((before + 1))
PATH=$path

# ---- The way by an edit -----------------------------------------------------------------

host82
keep_stock
chmod 750 "$root$WRAPPER"
chown 12:34 "$root$WRAPPER"
remember
check python/dry-run run 0 wrapper install --dry-run
check python/dry-run/changed nothing_changed
sed -n 's/^would //p' "$log" >"$scratch/dry"
check python/install run 0 wrapper install
sed -n 's/^  \([a-z]* .*\)/\1/p' "$log" >"$scratch/run"
check python/as-the-dry-run-said diff "$scratch/dry" "$scratch/run"
check python/owner [ "$(stat -c '%a %u:%g' "$root$WRAPPER")" = '750 12:34' ]
check python/backup cmp "$scratch/stock" "$root$STATE/wrapper.orig"
check python/alone [ "$(echo "$root$WRAPPER"*)" = "$root$WRAPPER" ]
check python/no-leftover no_leftover
check python/restarted restarts 0
check python/status run 0 wrapper status
check python/status/way says '^python: '
check python/status/words fact ok "something takes a VM's key to QEMU" "vgpuctl's edit of the wrapper"
check python/status/no-config fails says "configuration names the shim"
check python/vm-starts vm_starts
remember
check python/again run 0 wrapper install
check python/again/says-so says 'nothing to do'
check python/again/changed nothing_changed
sed -i 's/1\.0/300.0/' "$root$WRAPPER"
check python/changed/status run $found wrapper status
check python/changed/fact fact problem "the wrapper has vgpuctl's edit" 'not the one of this vgpuctl'
check python/changed/install run 0 wrapper install
check python/changed/status-after run 0 wrapper status
check python/changed/backup cmp "$scratch/stock" "$root$STATE/wrapper.orig"
rm "$root$LIBEXEC/qemu-args"
check python/no-program/status run $found wrapper status
check python/no-program/install run 0 wrapper install
check python/remove run 0 wrapper remove
check python/remove/stock wrapper_is_stock
check python/remove/time [ "$(stat -c %y "$root$WRAPPER" | cut -c1-19)" = '2025-03-04 05:06:07' ]
check python/remove/owner [ "$(stat -c '%a %u:%g' "$root$WRAPPER")" = '750 12:34' ]
check python/remove/gone gone $LIBEXEC "$STATE"
check python/remove/vm-starts vm_starts

# No newline at the end.
host82
printf '%s' "$(cat "$root$WRAPPER")" >"$scratch/stock"
cp "$scratch/stock" "$root$WRAPPER"
check python/no-newline/install run 0 wrapper install
rm "$root$STATE/wrapper.orig"
check python/no-newline/remove run 0 wrapper remove
check python/no-newline/stock wrapper_is_stock

# On a host that has both ways.
host83
check python/asked-for run 0 wrapper install --method python
check python/asked-for/no-file gone $CONFIG
check python/asked-for/stays run 0 wrapper install
check python/asked-for/stays/says-so says '"python" is installed: nothing to do'
check python/asked-for/switch run 0 wrapper install --method config --restart-toolstack
check python/asked-for/no-edit sh -c "! grep vgpuctl '$root$WRAPPER'"
check python/asked-for/way run 0 wrapper status

# An update.
host82
run 0 wrapper install || :
wrapper '#! /usr/bin/python3' '    print("new")' "    $EXEC"
keep_stock
check updated/status run $found wrapper status
check updated/fact fact problem "the wrapper has vgpuctl's edit" 'an update has replaced it'
check updated/remedy says 'remedy: vgpuctl wrapper install'
check updated/install run 0 wrapper install
check updated/backup cmp "$scratch/stock" "$root$STATE/wrapper.orig"
check updated/status-after run 0 wrapper status
sed -i s/^xenopsd=.*/xenopsd=xenopsd-0-1.x86_64/ "$root$STATE/wrapper"
wrapper3
check updated/version/status run $found wrapper status
check updated/version/fact fact problem "the wrapper has vgpuctl's edit" \
    'an update has replaced it (xenopsd-.*, before that xenopsd-0-1.x86_64)'

# ---- Others that read the key --------------------------------------------------------------

# The patch of the first guide, 6.3, as its script puts it there.
guide() {
    printf '%s\n' '' '    # Read additional device-model-args from xenstore (for vgpu-stub)' \
        '    try:' \
        '        extra_args_str = xenstore_read("/local/domain/%d/platform/device-model-args" % domid)' \
        '        if isinstance(extra_args_str, bytes):' \
        "            extra_args_str = extra_args_str.decode('utf-8')" \
        '        if extra_args_str:' '            extra_args = extra_args_str.strip().split()' \
        '            if extra_args:' \
        '                print("Adding device-model-args from xenstore: %s" % extra_args)' \
        '                qemu_args.extend(extra_args)' '    except:' \
        '        pass  # xenstore key does not exist, which is fine' ''
}
for host in host83 host82; do
    $host
    keep_stock
    wrapper '#! /usr/bin/python3' "$(guide; echo "    $EXEC")"
    printf '%s' '-device vgpu-stub' >"$root/tmp/xenstore"
    check "guide/$host/is-one" vm_starts -device vgpu-stub
    check "guide/$host/status" run $found wrapper status
    check "guide/$host/way" says '^by hand: '
    remember
    check "guide/$host/remove" run 0 wrapper remove
    check "guide/$host/remove/changed" nothing_changed
    check "guide/$host/install" run 0 wrapper install --restart-toolstack
    check "guide/$host/says-so" says 'the patch of the first guide is taken out'
    check "guide/$host/status-after" run 0 wrapper status
    check "guide/$host/vm-starts" vm_starts
    run 0 wrapper remove --restart-toolstack || :
    check "guide/$host/remove-after" wrapper_is_stock
    check "guide/$host/gone" gone $LIBEXEC "$STATE"
done
host82
wrapper '#! /usr/bin/python3' "$(guide; guide; echo "    $EXEC")"
check guide/twice/status run $found wrapper status
check guide/twice/says-so says "patch is in it 2 times"
check guide/twice/install run 0 wrapper install
check guide/twice/gone sh -c "! grep 'platform/device-model-args' '$root$WRAPPER'"

# The guide's patch, but for what somebody has altered: the seeds' TypeError, and a
# comment.
for altered in decode comment; do
    host83
    run 0 wrapper install --restart-toolstack || :
    wrapper '#! /usr/bin/python3' "$(guide; echo "    $EXEC")"
    case $altered in
    decode) sed -i '/isinstance(extra_args_str, bytes)/d; /decode(.utf-8.)/d' "$root$WRAPPER" ;;
    comment) sed -i 's/(for vgpu-stub)/(vgpu)/' "$root$WRAPPER" ;;
    esac
    check "edited/$altered/status" run $found wrapper status
    check "edited/$altered/way" says '^by hand: '
    check "edited/$altered/fact" fact problem 'nothing else reads the key' 'edited by hand, not as in the guide'
    refused "edited/$altered/install" 'edited by hand, not as in the guide' wrapper install
    check "edited/$altered/doctor" run $found doctor --host
    check "edited/$altered/doctor/remedy" sh -c "grep -A 1 'a wrong key cannot keep' '$log' |
        grep -q 'remedy: yum reinstall xenopsd, then vgpuctl wrapper install'"
    check "edited/$altered/remove" run 0 wrapper remove --restart-toolstack
    check "edited/$altered/remove/warns" says '^warning: another patch is in .* and stays'
done

for key in device-model-args device_model_args; do
    for host in host83 host82; do
        $host
        wrapper '#! /usr/bin/python3' \
            "    qemu_args += shlex.split(xenstore_read('/local/domain/%d/platform/$key' % domid))" \
            "    $EXEC"
        remember
        refused "edited/$key/$host" 'is edited by hand, not as in the guide, and reads' wrapper install
        check "edited/$key/$host/remedy" grep -q \
            'remedy: yum reinstall xenopsd, then vgpuctl wrapper install' "$log.err"
        check "edited/$key/$host/status" run $found wrapper status
        check "edited/$key/$host/way" says '^by hand: '
        check "edited/$key/$host/fact" fact problem 'nothing else reads the key' '-priv passes'
        check "edited/$key/$host/remove" run 0 wrapper remove
        check "edited/$key/$host/changed" nothing_changed
        wrapper_is_packaged
        remember
        check "native/$key/$host/install" run 0 wrapper install
        check "native/$key/$host/says-so" says \
            "this wrapper reads the key itself ($key): nothing to install"
        check "native/$key/$host/warns" says '^warning: such a wrapper has no allow-list'
        check "native/$key/$host/changed" nothing_changed
    done
done
check native/other-key/status run $found wrapper status
check native/other-key/says-so says 'it reads device_model_args, and vgpuctl attach sets device-model-args'
sed -i s/device_model_args/device-model-args/ "$root$WRAPPER"
wrapper_is_packaged
touch "$root$WRAPPER"
check native/key/status run 0 wrapper status
check native/key/way says '^native: '
check native/key/words fact ok "something takes a VM's key to QEMU" 'the wrapper as its package has it'
host83
run 0 wrapper install --restart-toolstack || :
wrapper '#! /usr/bin/python3' "    x = '/platform/device_model_args'" "    $EXEC"
wrapper_is_packaged
check native/since-an-update/status run $found wrapper status
check native/since-an-update/remedy says 'remedy: vgpuctl wrapper remove'
check native/since-an-update/install run 0 wrapper install
check native/since-an-update/warns says '^warning: what was installed before adds nothing'
check native/since-an-update/remove run 0 wrapper remove --restart-toolstack
check native/since-an-update/gone gone $CONFIG $LIBEXEC

# ---- The edit, in the Pythons that are here -----------------------------------------------

# block NAME: whatever qemu-args does, the VM starts.
block() {
    # shellcheck disable=SC2016
    qemu_args 'echo "Adding device-model-args from xenstore: x" >&2' "printf '%s\\0' -device 'vgpu-stub,pool_id=A B'" 'echo "$@" >$VGPU_ROOT/tmp/asked'
    check "block/$1/adds" vm_starts -device 'vgpu-stub,pool_id=A B'
    check "block/$1/log" daemon_log '^Adding device-model-args from xenstore: x$'
    check "block/$1/exec" daemon_log '^Exec: .* -runas 65536:65536 -device vgpu-stub,pool_id=A B$'
    check "block/$1/asked" [ "$(cat "$root/tmp/asked")" = '7 qemu-dm-7 -xen-domid 7 -m 256 -runas 65536:65536' ]
    qemu_args ':'
    check "block/$1/nothing" vm_starts
    qemu_args 'echo "vgpu: no: starting without the device" >&2' "printf '%s\\0' -device" 'exit 1'
    check "block/$1/refused" vm_starts
    check "block/$1/refused-log" daemon_log '^vgpu: no: starting without the device$'
    qemu_args "printf '%s\\0' -device; printf half"
    check "block/$1/half-a-word" vm_starts
    check "block/$1/half-a-word-log" daemon_log '^vgpu: qemu-args says half a word: starting without the device$'
    qemu_args 'kill -9 $$'
    check "block/$1/killed" vm_starts
    check "block/$1/killed-log" daemon_log '^vgpu: qemu-args: signal 9: starting without the device$'
    qemu_args 'exec sleep 60'
    check "block/$1/hangs" vm_starts
    check "block/$1/hangs-log" daemon_log '^vgpu: qemu-args does not answer: starting without the device$'
    qemu_args 'trap "" TERM; exec >&-; exec sleep 60'
    check "block/$1/closes-and-hangs" vm_starts
    check "block/$1/closes-and-hangs-log" daemon_log '^vgpu: qemu-args does not end: starting'
    qemu_args 'while :; do echo y; done'
    check "block/$1/endless" vm_starts
    check "block/$1/endless-log" daemon_log 'starting without the device$'
    qemu_args 'printf "\\377\\376\\303\\251\\0"'
    env -i PATH="$PATH" LC_ALL=C VGPU_ROOT="$root" "$root$WRAPPER" 7 --syslog -xen-domid 7 -m 256 >"$log" 2>&1 || :
    check "block/$1/no-ascii" [ "$(tail -n 1 "$root/tmp/qemu")" = 65536:65536 ]
    check "block/$1/no-ascii-log" grep -q '^vgpu: .*: starting without the device$' "$log"
    rm "$root$LIBEXEC/qemu-args"
    check "block/$1/missing" vm_starts
    check "block/$1/missing-log" daemon_log '^vgpu: .*: starting without the device$'
    mkdir "$root$LIBEXEC/qemu-args"
    check "block/$1/directory" vm_starts
    check "block/$1/directory-log" daemon_log '^vgpu: .*: starting without the device$'
}
host82
run 0 wrapper install || :
check block/python3/no-xenstore vm_starts
block python3

python2=''
for program in "${dom0%/dom0}/python2/python2" python2.7 python2; do
    [ -n "$python2" ] || ! "$program" -c 'import sys; sys.exit(sys.version_info < (2, 7))' 2>/dev/null ||
        python2=$(command -v "$program")
done
if [ -n "$python2" ]; then
    # 8.2's is /usr/bin/python; the stand-in is run by the system's own kernel.
    host82
    mkdir -p "$root/usr/bin"
    ln -sf "$python2" "$root/usr/bin/python2-of-dom0"
    wrapper "#! $root/usr/bin/python2-of-dom0
from __future__ import print_function" "    $EXEC"
    keep_stock
    check block/python2/install run 0 wrapper install
    block python2
    check block/python2/remove run 0 wrapper remove
    check block/python2/stock wrapper_is_stock
else
    skip block/python2 'wants python2.7'
fi

# ---- What goes wrong on the way --------------------------------------------------------------

# The toolstack does not come up with it: all is put back, and it comes up.
tree() { (cd "$root" && find . -path ./tmp -prune -o -printf '%p %m %s\n' | sort); }
host83
tree >"$scratch/before"
echo 1 >"$root/tmp/fails"
check fails/install run 1 wrapper install --restart-toolstack
check fails/says-so says 'xe-toolstack-restart ends with 1: .*xenopsd-xc.service failed to restart'
tree >"$scratch/after"
check fails/as-before diff "$scratch/before" "$scratch/after"
check fails/restarted restarts 2
check fails/vm-starts vm_starts
check fails/then run 0 wrapper install --restart-toolstack
check fails/then/vm-starts vm_starts
# An older program comes back, too.
host83
qemu_args 'echo older'
cp "$root$LIBEXEC/qemu-args" "$scratch/older"
echo 1 >"$root/tmp/fails"
check fails/older/install run 1 wrapper install --restart-toolstack
check fails/older/back cmp "$scratch/older" "$root$LIBEXEC/qemu-args"
check fails/older/mode mode $LIBEXEC/qemu-args 755
# Nor after that: what could still be named stays.
host83
echo 2 >"$root/tmp/fails"
check fails-twice/install run 4 wrapper install --restart-toolstack
check fails-twice/file gone $CONFIG
check fails-twice/shim [ -x "$root$LIBEXEC/qemu-wrapper" ]
check fails-twice/would-start xenopsd_would_start
check fails-twice/then run 0 wrapper install --restart-toolstack
check fails-twice/vm-starts vm_starts
echo 1 >"$root/tmp/fails"
check fails-remove/remove run 4 wrapper remove --restart-toolstack
check fails-remove/file gone $CONFIG
check fails-remove/shim [ -x "$root$LIBEXEC/qemu-wrapper" ]
check fails-remove/would-start xenopsd_would_start
check fails-remove/then run 0 wrapper remove --restart-toolstack
check fails-remove/gone gone $LIBEXEC "$STATE"
check fails-remove/vm-starts vm_starts

# A program that cannot be written, and one that does not run: it does not get as
# far as the configuration.
host83
mkdir -p "$root$LIBEXEC/qemu-args"
: >"$root$LIBEXEC/qemu-args/file"
tree >"$scratch/before"
check no-place/install run 1 wrapper install --restart-toolstack
tree >"$scratch/after"
check no-place/as-before diff "$scratch/before" "$scratch/after"
check no-place/restarted restarts 0
check no-place/vm-starts vm_starts
for host in host83 host82; do
    $host
    keep_stock
    mkdir -p "$root$LIBEXEC"
    if mount -t tmpfs -o noexec vgpuctl-test "$root$LIBEXEC" 2>>"$log"; then
        check "noexec/$host/install" run 1 wrapper install --restart-toolstack
        check "noexec/$host/says-so" says 'qemu-args does not run here: it cannot be executed'
        umount "$root$LIBEXEC"
        check "noexec/$host/restarted" restarts 0
        check "noexec/$host/gone" gone $CONFIG $LIBEXEC/qemu-args "$STATE/wrapper"
        check "noexec/$host/stock" wrapper_is_stock
        check "noexec/$host/vm-starts" vm_starts
    else
        skip "noexec/$host" 'may not mount a tmpfs'
    fi
done

# A configuration that was there names a shim that was missing: one that was put
# there stays, whatever else goes wrong.
host83
run 0 wrapper install --restart-toolstack || :
rm "$root$LIBEXEC"/*
if mount -t tmpfs -o noexec vgpuctl-test "$root$LIBEXEC" 2>>"$log"; then
    check named/install run 4 wrapper install
    check named/says-so says 'qemu-wrapper stays, which was missing: the configuration names it'
    check named/shim [ -e "$root$LIBEXEC/qemu-wrapper" ]
    check named/qemu-args gone $LIBEXEC/qemu-args
    mount -o remount,exec "$root$LIBEXEC"
    check named/would-start xenopsd_would_start
    umount "$root$LIBEXEC"
else
    skip named 'may not mount a tmpfs'
fi

# ---- Interrupted -------------------------------------------------------------------------------

# each HOST STEPS WORD...: killed after each step; a VM starts, and starts after
# a restart; the next run finishes it, and remove leaves nothing.
each() {
    host=$1 steps=$2
    shift 2
    for step in $steps; do
        name=killed/$host/$1/$step
        $host
        keep_stock
        case $1 in
        remove)
            run 0 wrapper install --restart-toolstack || :
            started_long_ago
            ;;
        esac
        rm -f "$root/tmp/fails"
        [ "$step" != "${step#undo-}" ] && echo 1 >"$root/tmp/fails"
        check "$name/is-killed" killed "$step" wrapper "$@"
        [ -e "$root/tmp/running" ] && check "$name/vm-starts" vm_starts
        check "$name/would-start" xenopsd_would_start
        cp -a "$root" "$scratch/killed"
        cp -a "$scratch/proc" "$scratch/proc-then"
        check "$name/next-install" run 0 wrapper install --restart-toolstack
        check "$name/works" run 0 wrapper status
        check "$name/vm-starts-then" vm_starts
        check "$name/no-leftover" no_leftover
        for way in '' restart; do
            rm -rf "$root" "$scratch/proc"
            cp -a "$scratch/killed" "$root"
            cp -a "$scratch/proc-then" "$scratch/proc"
            [ -z "$way" ] || restart >>"$log" || :
            check "$name/$way/next-remove" run 0 wrapper remove --restart-toolstack
            [ -e "$root/tmp/running" ] && check "$name/$way/vm-starts-after" vm_starts
            check "$name/$way/stock" wrapper_is_stock
            check "$name/$way/gone" gone $CONFIG $CONFIG.vgpuctl-new $LIBEXEC/qemu-args $LIBEXEC/qemu-wrapper "$STATE"
        done
        rm -rf "$scratch/killed" "$scratch/proc-then"
    done
}
each host83 'qemu-args shim proof config restart record' install --restart-toolstack
each host83 'undo-config undo-restart undo-programs' install --restart-toolstack
each host83 'config restart shim qemu-args record' remove --restart-toolstack
each host82 'qemu-args shim proof backup wrapper record' install
each host82 'wrapper shim qemu-args record' remove

rm -rf "${scratch:?}/bin" "$scratch/proc" "$vgpuctl"
finish
