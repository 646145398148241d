#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds all of poolgrad, computes the gradients of tests/data, compares them with PyTorch's, and times two larger layers.
# On Debian, as root, what is missing is installed first. Everything goes to the folder build/real-cases.
#
#     bash bench/real_cases.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. src/package/debian.sh

build=build/real-cases
log=$build/build.log
mkdir -p "$build"
: >"$log"

die() {
    echo "real_cases.sh: $*" >&2
    exit 1
}

# Its output goes to the log, of which the end is shown if it fails.
quietly() { # WHAT COMMAND...
    echo "$1"
    "${@:2}" >>"$log" 2>&1 </dev/null && return
    tail -n 40 "$log" >&2
    die "failed: $1 (all of it: $PWD/$log)"
}

read -ra missing <<<"$(missing_packages "${packages[@]}")"
if [ ${#missing[@]} -gt 0 ] && can_install; then
    quietly "installing ${missing[*]}" install_packages "${missing[@]}"
elif [ ${#missing[@]} -gt 0 ]; then
    tell_missing "${missing[@]}"
    echo "exact mode, verify and explain need libgmp-dev and libmpfr-dev, graphs and suite libjansson-dev, pictures libpng-dev"
fi

quietly "configuring" cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DPOOLGRAD_TESTS=OFF -DPOOLGRAD_BENCH=ON
quietly "building" cmake --build "$build" -j "$(nproc)"
echo

status=0
"$build/bench/real_cases" --output "$build/results" tests/data || status=$?
if [ "$status" -le 1 ]; then
    echo
    echo "command: $PWD/$build/poolgrad"
    echo "results: $PWD/$build/results"
    if [ -f "$build/results/photo-max-3x3s2p1.png" ]; then echo "picture: $PWD/$build/results/photo-max-3x3s2p1.png"; fi
    echo
    echo "two larger layers, beside what this machine's memory allows (poolgrad bench):"
    "$build/poolgrad" bench --workload resnet_stem,vgg --kind average,max,argmax --layout nhwc --seconds 5
fi
exit "$status"
