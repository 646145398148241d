#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# emulated.sh DATA EMULATOR POOLGRAD...: the command of another system computes the gradients of the layers in DATA to the
# bytes that stand there, says what it is, and refuses in a sentence. Roots are another matter: PyTorch's norms differ.
set -euo pipefail
data=$1 poolgrad=("${@:2}")
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

"${poolgrad[@]}" info | grep '^instruction sets *scalar'
layers=0
for file in "$data"/*/options; do
    layer=$(dirname "$file")
    read -ra options <"$file"
    [[ ${options[*]} != *l2norm* ]] || continue
    "${poolgrad[@]}" gradient "${options[@]}" --source "$layer/source.npy" \
        --source-gradient "$layer/source_gradient.npy" --output "$results/gradient.npy"
    cmp "$results/gradient.npy" "$layer/destination_gradient.npy"
    layers=$((layers + 1))
done
[ "$layers" -gt 0 ] || { echo "no layer in $data"; exit 1; }
echo "$layers layers"

if said=$("${poolgrad[@]}" gradient --kind least 2>&1); then echo "--kind least was accepted"; exit 1; fi
[[ $said == *"--kind is 'least'"* ]] || { echo "--kind least was refused with: $said"; exit 1; }
[ "$(ls "$results")" = gradient.npy ] || { echo "left behind: $(ls -A "$results")"; exit 1; }
