#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds and tests poolgrad. On Debian, as root, what is missing is installed first. The folder build/ takes everything.
#
#     bash tests/run.sh             the release build and its tests: three minutes on two cores
#     CI=true bash tests/run.sh     all that has to pass before a change goes in, on Debian 12; about an hour on two cores
#
# The second form has warnings as errors: format and lint, the record of the ABI, clang, a build without OpenMP, whose
# tests also run on older processors, emulated routines, the sanitizers, 64-bit ARM and RISC-V under emulation,
# WebAssembly, Windows, and fresh systems of Debian 12 and 13. The build of the first form comes last. Its tests then
# build poolgrad inside other projects as well.
set -euo pipefail
cd "$(dirname "$0")/.."
. src/package/debian.sh

ci=${CI:-false}
jobs=$(nproc)
logs=build/logs
packages+=(g++ libcriterion-dev python3-numpy)
ci_packages=(clang clang-format clang-tidy libomp-dev libclang-rt-14-dev qemu-user mmdebstrap abigail-tools
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-riscv64-linux-gnu libc6-dev-riscv64-cross
    gcc-mingw-w64-x86-64-posix wine wine64 emscripten zsh fish)

install_missing() { # PACKAGE...
    local missing
    read -ra missing <<<"$(missing_packages "$@")"
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    if can_install; then install_packages "${missing[@]}"; else tell_missing "${missing[@]}"; fi
}

build_and_test() { # PRESET [CTEST ARGUMENT...]
    cmake --preset "$1" && cmake --build --preset "$1" -j "$jobs" && ctest --preset "$1" -j "$jobs" "${@:2}"
}

check_format() { find include src tests bench -name '*.[ch]' -o -name '*.cpp' | xargs clang-format --dry-run -Werror; }

# Headers are seen through the files that include them. Windows's own are not here.
lint() { find src -name '*.c' ! -name windows.c | xargs -P "$jobs" -n 1 clang-tidy --quiet -p build/clang; }

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
    echo "Builds poolgrad and runs its tests: three minutes on two cores, and the time to install what is missing."
    install_missing "${packages[@]}"
    export POOLGRAD_TEST_CASES=${POOLGRAD_TEST_CASES:-400}
    build_and_test release
    exit
fi

install_missing "${packages[@]}" "${ci_packages[@]}"
part format check_format
part clang build_and_test clang
part lint lint
part abi src/package/abi.sh compare
# The same sweeps once more: fewer random cases.
export POOLGRAD_TEST_CASES=500
part no-openmp build_and_test no-openmp
part emulate build_and_test emulate
# Slower by an order of magnitude: fewer still.
export POOLGRAD_TEST_CASES=200
part sanitizers build_and_test sanitizers
part thread build_and_test thread -L unit -E 'causes_|command_suite|suite_mistakes'
# Slower once more, and the same code.
export POOLGRAD_TEST_CASES=100
part aarch64 build_and_test aarch64 -E 'command_(bench|suite)'
part riscv64 build_and_test riscv64 -L unit -E command
part wasm build_and_test wasm
part windows build_and_test windows
part debian-12 tests/debian.sh bookworm build/debian-12
part debian-13 tests/debian.sh trixie build/debian-13 gcc clang
unset POOLGRAD_TEST_CASES
if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}"
fi

build_and_test ci
[ ${#failed[@]} -eq 0 ] || { echo "the main build passed, but not: ${failed[*]}"; exit 1; }
