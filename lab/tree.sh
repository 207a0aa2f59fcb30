# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# For scripts that make a small system of Debian packages, unpacked and never
# installed: sourced after lab/lib.sh.

# copy_libraries UNPACKED TREE PROGRAM: a program's shared libraries, and theirs,
# from the unpacked packages into the tree's /lib.
copy_libraries() {
    [ -f "$3" ] || { say "no program $3"; return 1; }
    for library in $(objdump -p "$3" | sed -n 's/^ *NEEDED *//p'); do
        [ ! -e "$2/lib/$library" ] || continue
        from=$(find "$1" -name "$library" | head -n 1)
        [ -n "$from" ] || { say "no package brought $library"; return 1; }
        mkdir -p "$2/lib"
        cp -L "$from" "$2/lib/$library"
        copy_libraries "$1" "$2" "$from"
    done
}

# copy_loader UNPACKED TREE PROGRAM: the loader, which a program names by its
# full path.
copy_loader() {
    loader=$(readelf -l "$3" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
    mkdir -p "$2$(dirname "$loader")"
    cp -L "$(find "$1" -name "$(basename "$loader")" | head -n 1)" "$2$loader"
}

# pack_tree TREE FILE: the tree as a compressed cpio archive, all root's own. The
# kernel unpacks several of them, one behind the other, into one file system.
pack_tree() {
    (cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0) | gzip -1 >"$2"
}
