#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# processors.sh CPU ISA POOLGRAD DATA [TEST...]
#   On qemu's model CPU of an x86-64 processor: ISA is the best that POOLGRAD finds usable, its gradients of the layers
#   in DATA are the bytes it computes on this machine, and the TESTs pass. Skipped (77) without qemu, unless CI=true.
set -euo pipefail
cpu=$1 isa=$2 poolgrad=$3 data=$4 tests=("${@:5}")

if ! command -v qemu-x86_64 >/dev/null; then
    echo "qemu-x86_64 is missing (Debian: qemu-user): nothing was run on $cpu"
    if [ "${CI:-false}" = true ]; then exit 1; fi
    exit 77
fi
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
emulated() { qemu-x86_64 -cpu "$cpu" "$@"; }

found=$(emulated "$poolgrad" info | sed -n 's/^instruction sets *//p' | sed 's/, /\n/g')
usable=$(grep -v 'not on this processor' <<<"$found")
[ "$(tail -n 1 <<<"$usable")" = "$isa" ] || { printf '%s: expected %s, but found\n%s\n' "$cpu" "$isa" "$found"; exit 1; }

layers=0
for file in "$data"/*/options; do
    layer=$(dirname "$file")
    read -ra options <"$file"
    gradient=("$poolgrad" gradient "${options[@]}" --source "$layer/source.npy"
        --source-gradient "$layer/source_gradient.npy" --output)
    emulated "${gradient[@]}" "$results/emulated.npy"
    "${gradient[@]}" "$results/here.npy"
    cmp "$results/emulated.npy" "$results/here.npy"
    layers=$((layers + 1))
done
[ "$layers" -gt 0 ] || { echo "no layer in $data"; exit 1; }
echo "$cpu: $isa, $layers layers as on this machine"

for program in "${tests[@]}"; do emulated "$program"; done
