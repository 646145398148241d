#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# debian.sh SUITE DIRECTORY [COMPILER...]: in a system of Debian's SUITE that has nothing but what is essential, made in
# DIRECTORY, README's first command builds all of poolgrad. With compilers: each of them has nothing to warn of, and uses
# no instruction that the processor is not asked for. As root.
set -euo pipefail
suite=$1 directory=$2 compilers=("${@:3}")
cd "$(dirname "$0")/.."

rm -rf "$directory"
mkdir -p "$directory"
root=$(realpath "$directory")/root
mmdebstrap --quiet --variant=minbase "$suite" "$root"
mkdir "$root/poolgrad"
tar -c --exclude ./build --exclude ./.git . | tar -x -C "$root/poolgrad"
inside() { chroot "$root" bash -euo pipefail -c "cd /poolgrad && $1"; }

inside 'bash bench/real_cases.sh'
inside 'pkg-config --version && build/real-cases/poolgrad info' | tee "$directory/info"
grep 'modes.*exact (' "$directory/info"
grep 'graphs.*jansson ' "$directory/info"
inside 'd=tests/data/photo-max-3x3s2p1 && build/real-cases/poolgrad verify $(cat $d/options) --source $d/source.npy \
    --source-gradient $d/source_gradient.npy --actual $d/destination_gradient.npy --report build/page.html'

[ ${#compilers[@]} -gt 0 ] || exit 0
inside '. src/package/debian.sh && install_packages "${packages[@]}" g++ clang libomp-dev libcriterion-dev'
for compiler in "${compilers[@]}"; do
    inside "$compiler --version && cmake -S . -B build/$compiler -DCMAKE_C_COMPILER=$compiler -DPOOLGRAD_WERROR=ON"
    inside "cmake --build build/$compiler -j $(nproc) && ctest --test-dir build/$compiler -R requirements_ --no-tests=error"
done
