#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pages.sh PAGE LIBRARY DIRECTORY LIBDIR COMPILER [EMULATOR...]: builds each block of C in a page of documentation with a
# library of the package in DIRECTORY/moved, runs it, and compares what it prints with the block of plain text behind it.
set -euo pipefail
page=$1 library=$2 package=$3 libdir=$4 compiler=$5
emulator=("${@:6}")
name=$(basename "$page" .md)
work=$package/page_$name
export PKG_CONFIG_PATH=$package/moved/$libdir/pkgconfig LD_LIBRARY_PATH=$package/moved/$libdir
read -ra flags <<<"$(pkg-config --cflags --libs "$library")"

rm -rf "$work"
mkdir -p "$work"
# program N.c, and N.txt, the first block without a language behind it
awk -v work="$work" '
    /^```/ && open { open = 0; close(file); next }
    /^```c$/       { open = 1; file = sprintf("%s/%d.c", work, ++count); waiting = 1; next }
    /^```$/        { open = 1; file = waiting ? sprintf("%s/%d.txt", work, count) : "/dev/null"; waiting = 0; next }
    /^```/         { open = 1; file = "/dev/null"; next }
    open           { print > file }' "$page"
[ -f "$work/1.c" ] || { echo "no program in $page"; exit 1; }

for source in "$work"/*.c; do
    program=${source%.c}
    [ -f "$program.txt" ] || { echo "program $(basename "$program") has no output below it"; exit 1; }
    # shellcheck disable=SC2086  # the compiler comes with its flags
    $compiler -std=c11 -Wall -Wextra -Werror "$source" -o "$program" "${flags[@]}"
    "${emulator[@]}" "$program" >"$program.out"
    diff -u "$program.txt" "$program.out"
done
