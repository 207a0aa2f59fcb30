# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: MIT
# TAP for scripts that run vgpuctl. To be sourced; wants $suite (the name that
# all tests begin with), $vgpuctl and $scratch. End with `finish`.
number=0
failed=0
out=$scratch/out
err=$scratch/err

# result NAME STATUS: ok where STATUS is 0; else what the last run said, too.
result() {
    number=$((number + 1))
    if [ "$2" = 0 ]; then
        echo "ok $number /$suite/$1"
        return
    fi
    failed=1
    sed 's/^/# stdout: /' "$out"
    sed 's/^/# stderr: /' "$err"
    echo "not ok $number /$suite/$1"
}

skip() {
    number=$((number + 1))
    echo "ok $number /$suite/$1 # SKIP $2"
}

finish() {
    echo "1..$number"
    exit "$failed"
}

# Runs vgpuctl; its words are in $out and $err, its exit status in $status.
run() {
    status=0
    "$vgpuctl" "$@" >"$out" 2>"$err" || status=$?
}

# says FILE TEXT...: each TEXT is in FILE, literally.
says() {
    says_file=$1
    shift
    for says_text in "$@"; do
        if ! grep -qF -e "$says_text" "$says_file"; then
            echo "# it does not say: $says_text"
            return 1
        fi
    done
}

# exits CODE: the last run did.
exits() {
    [ "$status" = "$1" ] && return
    echo "# exit status $status instead of $1"
    return 1
}

# All that one can see of a directory: names, modes, sizes, times, contents.
picture() {
    (
        cd "$1" && find . -printf '%p %y %m %s %T@\n' | sort
        find . -type f -exec cksum {} + | sort
    )
}

# refused NAME CODE TEXT REMEDY ARGUMENT...: vgpuctl exits with CODE, says TEXT
# in one line and REMEDY in the one below, and leaves $watched as it was.
refused() {
    refused_name=$1 refused_code=$2 refused_text=$3 refused_remedy=$4
    shift 4
    picture "$watched" >"$scratch/before"
    run "$@"
    picture "$watched" >"$scratch/after"
    refused_status=0
    exits "$refused_code" || refused_status=1
    if [ "$(grep -c "^vgpuctl " "$err")" != 1 ] || [ "$(wc -l <"$err")" != 2 ]; then
        echo "# not one line and its remedy"
        refused_status=1
    fi
    grep '^vgpuctl ' "$err" >"$scratch/problem" || :
    grep '^  remedy: ' "$err" >"$scratch/remedy" || :
    says "$scratch/problem" "$refused_text" || refused_status=1
    says "$scratch/remedy" "$refused_remedy" || refused_status=1
    cmp -s "$scratch/before" "$scratch/after" || {
        echo "# it changed something:"
        diff "$scratch/before" "$scratch/after" | sed 's/^/# /'
        refused_status=1
    }
    result "$refused_name" "$refused_status"
}

# True where a file system can be mounted in a namespace of its own.
can_mount() {
    unshare -m mount -t tmpfs none /mnt 2>/dev/null
}
