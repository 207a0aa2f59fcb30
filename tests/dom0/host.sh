# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# For the tests in which VMs start, sourced after tests/dom0/lib.sh: the host's
# toolstack around the dom0 in a directory. Real are xenstored, its clients and
# QEMU; xapi (xe), xenopsd and the hypervisor are stand-ins.
#
#   fresh               # lib.sh: a host as it is when it comes
#   custom_qemu         # with the package that has the device
#   toolstack_start     # skips the whole test where it cannot
#   vm_start "$web"     # its QEMU runs, and xenstore knows it
#   domid=$(domid_of "$web")
#
# What was started is ended with the test.

# shellcheck disable=SC2154 # lib.sh sets them
lab_dir=${dom0%/dom0}
# shellcheck disable=SC2034 # for the one who sources this
web=22222222-0000-4000-8000-000000000000 builder=33333333-0000-4000-8000-000000000000
WRAPPER=/usr/lib64/xen/bin/qemu-wrapper
DAEMON_LOG=/var/log/daemon.log
xenstored_pid=
# Seconds that a VM's QEMU has to be ready: 300 on a real host.
VGPU_READY_TIMEOUT=${VGPU_READY_TIMEOUT:-10}
export VGPU_READY_TIMEOUT

# fetched RELEASE PROGRAM WHAT: puts it into the build directory, unless it is
# there. Only a mirror that is not to be had is a reason to skip: $why.
fetched() {
    case $2 in
    xenstore) [ ! -d "$lab_dir/xen/bin" ] || return 0 ;;
    python2) [ ! -x "$lab_dir/python2/python2" ] || return 0 ;;
    esac
    if ! why=$(lab/mirror-has.sh "$1"); then
        why="no $3: $why; a Debian mirror that has $1 makes this run"
        return 1
    fi
    case $2 in
    xenstore) lab/xenstore.sh "$lab_dir/xen" >&2 ;;
    python2) lab/python2.sh "$lab_dir/python2" >&2 ;;
    esac || {
        echo "Bail out! lab/$2.sh failed"
        exit 1
    }
}

# toolstack_start: xenstored on a socket of this test's own.
toolstack_start() {
    toolstack_stop
    fetched bookworm xenstore xenstored || skip_all toolstack "$why"
    command -v gcc >/dev/null || skip_all toolstack 'wants gcc'
    XENSTORED_RUNDIR=$scratch/xenstored
    XENSTORED_PATH=$XENSTORED_RUNDIR/socket
    VGPU_XEN=$scratch/xen
    export XENSTORED_RUNDIR XENSTORED_PATH VGPU_XEN
    rm -rf "$XENSTORED_RUNDIR" "$VGPU_XEN"
    mkdir -p "$XENSTORED_RUNDIR" "$VGPU_XEN"
    ln -s "$lab_dir/xen/python" "$VGPU_XEN/python"
    ln -s "$PWD/tests/dom0/python2" "$VGPU_XEN/python2"
    gcc -std=gnu99 -D_GNU_SOURCE -O1 -Wall -Wextra -Werror -fPIC -shared \
        tests/dom0/no-hypervisor.c -o "$XENSTORED_RUNDIR/no-hypervisor.so" ||
        skip_all toolstack 'wants the headers of libxen-dev'
    # In memory: no database below /var/lib. It ends with this shell in any case,
    # and the VMs with it.
    LD_PRELOAD=$XENSTORED_RUNDIR/no-hypervisor.so setpriv --pdeathsig TERM \
        "$lab_dir/xen/bin/xenstored" -N -I >"$XENSTORED_RUNDIR/log" 2>&1 &
    xenstored_pid=$!
    echo "$xenstored_pid" >"$XENSTORED_RUNDIR/pid"
    PATH=$lab_dir/xen/bin:$PATH
    tries=0
    until xenstore-ls / >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -gt 100 ]; then
            sed 's/^/# /' "$XENSTORED_RUNDIR/log"
            echo 'Bail out! xenstored does not answer'
            exit 1
        fi
        sleep 0.05
    done
}

# toolstack_stop: ends the VMs and xenstored.
toolstack_stop() {
    [ -n "$xenstored_pid" ] || return 0
    for vm in "$XENSTORED_RUNDIR"/vm-*; do
        [ ! -e "$vm" ] || tests/dom0/xenopsd stop "${vm##*/vm-}" ||
            echo "# cannot end the VM ${vm##*/vm-}"
    done
    kill "$xenstored_pid" 2>/dev/null || :
    wait "$xenstored_pid" 2>/dev/null || :
    xenstored_pid=
}

# Instead of lib.sh's: first what runs in there.
toolstack_end() {
    toolstack_stop
    scratch_end
}
trap toolstack_end EXIT
trap 'exit 1' HUP INT TERM

xe() { "$root/opt/xensource/bin/xe" "$@"; }
vm_start() { xe vm-start uuid="$1"; }
vm_stop() { xe vm-shutdown uuid="$1" force=true; }
domid_of() { xe vm-param-get uuid="$1" param-name=dom-id; }
qemu_pid() { xenstore-read "/local/domain/$1/qemu-pid"; }

# qemu_command_line DOMID: the words that the wrapper gave to QEMU, a line each.
# Its real command line lacks those of Xen.
qemu_command_line() { tr '\0' '\n' <"$root/var/run/xen/argv-$1"; }

# logged DOMID: what wrapper and QEMU of that domain have said.
logged() { sed -n "s/^.* qemu-dm-$1\[[0-9]*\]: //p" "$root$DAEMON_LOG"; }

# qmp DOMID COMMAND [ARGUMENTS]: the return value of a QMP command, as JSON.
qmp() {
    python3 - "$root/var/run/xen/qmp-libxl-$1" "$2" "${3:-null}" <<'PYTHON'
import json, socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.settimeout(10)
try:
    connection.connect(sys.argv[1])
except OSError as error:
    sys.exit('%s: %s' % (sys.argv[1], error.strerror))
stream = connection.makefile('rw')
stream.readline()
for command, arguments in (('qmp_capabilities', None), (sys.argv[2], json.loads(sys.argv[3]))):
    request = {'execute': command}
    if arguments is not None:
        request['arguments'] = arguments
    stream.write(json.dumps(request))
    stream.flush()
    answer = {'event': None}
    while 'event' in answer:
        answer = json.loads(stream.readline())
if 'error' in answer:
    sys.exit(answer['error']['desc'])
print(json.dumps(answer['return']))
PYTHON
}

# guest_maps_bar UUID ADDRESS: the part of the guest's firmware, for no processor
# runs in these VMs: the BAR of the device in slot 1e is put there and enabled.
guest_maps_bar() {
    for write in '0xcf8 0x8000f010' "0xcfc $2" '0xcf8 0x8000f004' '0xcfc 2'; do
        qmp "$(domid_of "$1")" human-monitor-command \
            "{\"command-line\": \"o /w $write\"}" >/dev/null
    done
}

# custom_qemu: the QEMU package with the device, in place of the stock one.
custom_qemu() { rpm_q -U "$rpms/new.rpm"; }

# python2_there: XCP-ng 8.2's interpreter can be had; else $why.
python2_there() { fetched bullseye python2 'Python 2'; }

# host_is RELEASE: a host as it comes, 8.3 or 8.2. The latter has a Python 2, no
# directory of configuration files, and a QEMU package without epoch.
host_is() {
    rm -rf "$root"
    case $1 in
    8.3) cp -a "$dom0/root" "$root" ;;
    8.2)
        cp -a "$dom0/root-8.2" "$root"
        ln -s "$lab_dir/python2/python2" "$root/usr/bin/python"
        ;;
    esac
}

# wrapper_is GENERATION: the wrapper of wrappers/GENERATION.py; by-hand is the one
# of 8.3 as the guide of the seeds has administrators edit it.
wrapper_is() {
    case $1 in
    by-hand)
        wrapper_is 8.3
        python3 tests/dom0/wrappers/patch-by-hand.py "$root$WRAPPER" >/dev/null
        return
        ;;
    8.[12]) ln -sfn "$lab_dir/python2/python2" "$root/usr/bin/python" ;;
    esac
    cp "tests/dom0/wrappers/$1.py" "$root$WRAPPER"
    chmod 755 "$root$WRAPPER"
}

# vm_new UUID NAME: one more halted VM that xe knows.
vm_new() {
    mkdir -p "$root/var/xapi-stand-in/$1/platform"
    printf '%s\n' "$1" >"$root/var/xapi-stand-in/$1/uuid"
    printf '%s\n' "$2" >"$root/var/xapi-stand-in/$1/name-label"
    printf 'halted\n' >"$root/var/xapi-stand-in/$1/power-state"
    printf 'false\n' >"$root/var/xapi-stand-in/$1/is-control-domain"
}
