#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds and tests poolgrad on Debian 12, as root; installs what is missing first. The folder build/ takes everything.
#
#     bash tests/run.sh             the release build and its tests
#     CI=true bash tests/run.sh     warnings are errors; before that build come format and lint, clang, a build without
#                                   OpenMP, whose tests also run on older processors, emulated kernels, the sanitizers,
#                                   64-bit ARM and RISC-V under emulation, and WebAssembly
set -euo pipefail
cd "$(dirname "$0")/.."

ci=${CI:-false}
jobs=$(nproc)
logs=build/logs
packages=(build-essential cmake pkg-config libsimde-dev libcriterion-dev libpng-dev libjansson-dev libgmp-dev libmpfr-dev
    zlib1g-dev)
ci_packages=(clang clang-format clang-tidy libomp-dev libclang-rt-14-dev qemu-user
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-riscv64-linux-gnu libc6-dev-riscv64-cross
    emscripten zsh fish)

install_missing() { # PACKAGE...
    local package missing=()
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"
}

build_and_test() { # PRESET [CTEST ARGUMENT...]
    cmake --preset "$1" && cmake --build --preset "$1" -j "$jobs" && ctest --preset "$1" -j "$jobs" "${@:2}"
}

check_format() { find include src tests bench -name '*.[ch]' -o -name '*.cpp' | xargs clang-format --dry-run -Werror; }

# Headers are seen through the files that include them.
lint() { find src -name '*.c' | xargs -P "$jobs" -n 1 clang-tidy --quiet -p build/clang; }

# Each part writes a log of its own, shown if it fails; the others go on.
failed=()
part() { # NAME COMMAND...
    local begin=$SECONDS
    if ("${@:2}") >"$logs/$1.log" 2>&1 </dev/null; then
        printf '%-16s passed in %d s\n' "$1" $((SECONDS - begin))
        return
    fi
    failed+=("$1")
    printf '%-16s FAILED in %d s; the end of %s:\n' "$1" $((SECONDS - begin)) "$logs/$1.log"
    tail -n 100 "$logs/$1.log"
}

mkdir -p "$logs"
if [ "$ci" != true ]; then
    install_missing "${packages[@]}"
    build_and_test release
    exit
fi

install_missing "${packages[@]}" "${ci_packages[@]}"
part format check_format
part clang build_and_test clang
part lint lint
part no-openmp build_and_test no-openmp
part emulate build_and_test emulate
part sanitizers build_and_test sanitizers
# Slower by an order of magnitude: fewer random cases.
export POOLGRAD_TEST_CASES=200
part thread build_and_test thread -L unit
part aarch64 build_and_test aarch64
part riscv64 build_and_test riscv64 -L unit -E command
part wasm build_and_test wasm
unset POOLGRAD_TEST_CASES
if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}"
fi

build_and_test ci
[ ${#failed[@]} -eq 0 ] || { echo "the main build passed, but not: ${failed[*]}"; exit 1; }
