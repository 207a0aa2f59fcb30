# shellcheck shell=dash
# SPDX-License-Identifier: MIT
# For the scenarios in dom0: guests, what they print, and results.
# The ones who source this use what shellcheck misses.
# shellcheck disable=SC2034

QEMU=/usr/lib64/xen/bin/qemu-system-i386
DEVICE='1af4:1111'

# ---- Results -------------------------------------------------------------------

# One line a result on the serial line: "@@ ok SECONDS NAME", "@@ not-ok ...".
# What explains it comes before, behind a "#".
report() { echo "$*" >/dev/ttyS1; }
note() { sed 's/^/# /' >/dev/ttyS1; }

uptime_s() { cut -d. -f1 /proc/uptime; }

# begin TITLE: a scenario; its seconds are counted from here.
begin() {
    report "@@ begin $*"
    echo "== $*"
    last=$(uptime_s)
}

# result ok|not-ok NAME
result() {
    now=$(uptime_s)
    report "@@ $1 $((now - last)) $2"
    echo "-- $1 $2"
    last=$now
}

# check NAME COMMAND...: ok when it succeeds; else what it printed is shown, and what
# $explain prints, a command for what a scenario's failures have in common.
check() {
    check_name=$1
    shift
    if "$@" >"/log/check.out" 2>&1; then
        result ok "$check_name"
    else
        echo "failed: $*" | note
        tail -n 40 "/log/check.out" | note
        [ -z "${explain:-}" ] || $explain 2>&1 | note
        result not-ok "$check_name"
    fi
}

# within SECONDS COMMAND...: tries it until it succeeds. In a process of its own,
# for a command can be such a wait itself.
within() (
    deadline=$(($(uptime_s) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ "$(uptime_s)" -ge "$deadline" ]; then
            echo "not in time: $*"
            exit 1
        fi
        sleep 0.2
    done
)

# ---- Domains -------------------------------------------------------------------

# config NAME: a domain's configuration from stdin, with what all have before it.
# cpus: no guest may run on the emulated machine's processor 0. Each FXRSTOR of any
# processor writes QEMU's hflags2 of the first one (cpu_clear_ignne(), target/i386/tcg),
# unlocked, and now and then an old value, while that processor keeps there whether a
# guest runs, with nested paging and interrupts: guests died of triple faults, also
# with Xen's own registers, or processor 0 slept for ever.
config() {
    {
        echo "name=\"$1\""
        cat <<'END'
type="hvm"
vcpus=1
cpus="1"
vga="none"
vnc=0
END
        cat
    } >"/log/$1.cfg"
}

# The guest that says what it sees, and sleeps.
tiny='memory=64
kernel="/guest/tiny"
on_reboot="destroy"'

# The Linux guest. Its serial line is a pair of pipes, which outlives the domain.
linux='memory=160
kernel="/guest/vmlinuz"
ramdisk="/guest/initrd"
cmdline="console=ttyS0,115200 quiet panic=-1 vgpu=commands"'

# create NAME: the domain, whatever xl says on the way.
create() {
    echo "create $1"
    xl create "/log/$1.cfg"
}

domid() { xl domid "$1" 2>/dev/null; }
is_gone() { ! domid "$1"; }
no_domain_is_left() { [ "$(xl list | wc -l)" = 2 ]; }

destroy() {
    [ -z "$(domid "$1")" ] || xl destroy "$1"
    within 20 is_gone "$1"
}

# The process of a domain's QEMU, as libxl has noted it.
qemu_pid() { xenstore-read "/local/domain/$(domid "$1")/image/device-model-pid"; }

# What Xen has left.
free_mib() { xl info free_memory; }

# ---- What guests print ---------------------------------------------------------

serial() { echo "/log/$1.serial"; }

# open_serial NAME: both pipes of a Linux guest, and a reader that stays.
open_serial() {
    mkfifo "/run/$1.in" "/run/$1.out"
    (
        exec 0<>"/run/$1.out"
        exec cat >>"$(serial "$1")"
    ) &
}

has_line() { grep -q -e "$2" "$(serial "$1")"; }

# has_ended NAME: a tiny guest has said all.
has_ended() { has_line "$1" '^@@ end'; }

# lines NAME: whole lines of its serial so far.
lines() { wc -l <"$(serial "$1")"; }

# since NAME LINE: what came behind that line. Whole lines only: a line that is not
# would be seen a second time when it is.
since() { head -n "$(lines "$1")" "$(serial "$1")" | tail -n "+$(($2 + 1))"; }

answered() { since "$1" "$2" | grep -q '^@@ done'; }
is_ready() { since "$1" "$2" | grep -q '^@@ ready'; }

# ready NAME LINE SECONDS: a Linux guest has come up since that line.
ready() { within "$3" is_ready "$1" "$2"; }

# ask NAME COMMAND: runs it in a Linux guest and prints what it says, in $ask_limit
# seconds (60).
ask() {
    ask_at=$(lines "$1")
    echo "$2" 1<>"/run/$1.in"
    if ! within "${ask_limit:-60}" answered "$1" "$ask_at"; then
        echo "$1 does not answer: $2"
        tail -n 5 "$(serial "$1")"
        return 1
    fi
    since "$1" "$ask_at" | tr -d '\r' | sed '/^@@ done/,$d'
}

# A line that asks for nothing: the serial port of a guest that has just been
# resumed can lose what comes first.
is_listening() {
    listening_at=$(lines "$1")
    echo 1<>"/run/$1.in"
    within 2 answered "$1" "$listening_at"
}

# save_and_restore NAME: a Linux guest, until it listens again.
save_and_restore() {
    xl save "$1" /run/saved && within 20 is_gone "$1" && xl restore /run/saved &&
        within 60 is_listening "$1"
    saved_status=$?
    rm -f /run/saved
    return $saved_status
}

# has_registers NAME VALUE...: COMMAND, STATUS, POOL, PRIORITY and VM_ID of a Linux
# guest's device.
has_registers() {
    name=$1
    shift
    ask "$name" 'vgpu-regs list' >"/log/registers"
    cat "/log/registers"
    for wanted in "COMMAND $1" "STATUS $2" "POOL $3" "PRIORITY $4" "VM_ID $5" \
        'MAGIC 55504756' 'ABI_VERSION 00010000'; do
        awk -v name="${wanted% *}" -v value="0x${wanted#* }" \
            '$2 == name && $3 == value { found = 1 } END { exit !found }' \
            "/log/registers" || {
            echo "$name has not $wanted"
            return 1
        }
    done
}

# bar NAME [SLOT]: the address that a Linux guest has for the device's BAR.
bar() {
    ask "$1" "head -n 1 /sys/bus/pci/devices/0000:00:${2:-1e.0}/resource" |
        sed -n 's/^0x0*\([0-9a-f]*\) .*/\1/p'
}

# hvmloader_bar DOMID SLOT: the address that the firmware has given the BAR.
hvmloader_bar() {
    xl dmesg | sed -n "s/^(d$1) pci dev $2:0 bar 10 size 0*1000: 0*\([0-9a-f]*\)\$/\1/p"
}

# monitor NAME WORDS...: a command of QEMU's monitor, over QMP.
monitor() {
    name=$1
    shift
    xl qemu-monitor-command "$name" "$*"
}
