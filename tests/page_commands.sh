#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# page_commands.sh PAGE POOLGRAD ROOT: runs each block of sh in a page of documentation, and compares what is printed with
# the block of text behind it, where a line of three dots stands for any lines. The blocks run in a folder of three
# arrays: a layer's x.npy and dy.npy, and dx.npy, the gradient of a kernel that rewards all of several equal taps. A block
# of Python that saves dx.npy must make these very bytes, where there is NumPy to run it.
set -euo pipefail
page=$1 root=$3
PATH=$(cd "$(dirname "$2")" && pwd):$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
layer=$root/tests/data/photo-max-3x3s2p1

awk -v work="$work" '
    /^```/ && open         { open = 0; close(file); next }
    /^```sh$/              { open = 1; file = sprintf("%s/%d.sh", work, ++count); waiting = 1; next }
    /^```text$/ && waiting { open = 1; file = sprintf("%s/%d.txt", work, count); waiting = 0; next }
    /^```python$/          { open = 1; file = sprintf("%s/%d.py", work, ++programs); next }
    /^```/                 { open = 1; file = "/dev/null"; waiting = 0; next }
    open                   { print > file }' "$page"
[ -f "$work/1.sh" ] || { echo "no command in $page"; exit 1; }

mkdir "$work/folder"
cd "$work/folder"
ln -s "$root/tests" tests
cp "$layer/source.npy" x.npy
cp "$layer/source_gradient.npy" dy.npy
poolgrad gradient --kind max --kernel 3 --stride 2 --pad 1 --ties all --source x.npy --source-gradient dy.npy --output dx.npy

# The text as a pattern.
pattern() { sed -e 's/[][*?\()|+@!]/\\&/g' -e 's/^\.\.\.$/*/' "$1"; }

for commands in "$work"/*.sh; do
    name=${commands%.sh} status=0
    bash -eu "$commands" >"$name.out" 2>&1 || status=$?
    if [ "$status" -gt 1 ]; then
        cat "$commands" "$name.out"
        exit 1
    fi
    [ -f "$name.txt" ] || continue
    # shellcheck disable=SC2053  # what is on the right is a pattern
    if [[ $(cat "$name.out") != $(pattern "$name.txt") ]]; then
        cat "$commands"
        diff -u "$name.txt" "$name.out"
        exit 1
    fi
done

for program in "$work"/*.py; do
    grep -qs 'np\.save("dx\.npy", gradient' "$program" || continue
    python3 -c 'import numpy' 2>/dev/null || { echo "no NumPy: $(basename "$program") was not run"; continue; }
    mv dx.npy expected.npy
    python3 "$program"
    cmp expected.npy dx.npy
done
