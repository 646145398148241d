#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds and tests poolgrad. On Debian, as root, what is missing is installed first. The folder build/ takes everything.
#
#     bash tests/run.sh             the release build and its tests: three minutes on two cores
#     CI=true bash tests/run.sh     all that has to pass before a change goes in, on Debian 12; some 45 minutes on two cores
#
# The second form has warnings as errors: format and lint, the record of the ABI, clang, a build without OpenMP, whose
# tests also run on older processors, emulated routines, the sanitizers, 64-bit ARM under emulation, WebAssembly,
# Windows, and fresh systems of Debian 12 and 13. The build of the first form comes last. Its tests then build poolgrad
# inside other projects as well. What takes longer is in long.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/parts.sh

check_format() { find include src tests bench -name '*.[ch]' -o -name '*.cpp' | xargs clang-format --dry-run -Werror; }

# Headers are seen through the files that include them. Windows's own are not here.
lint() { find src -name '*.c' ! -name windows.c | xargs -P "$jobs" -n 1 clang-tidy --quiet -p build/clang; }

if [ "${CI:-false}" != true ]; then
    echo "Builds poolgrad and runs its tests: three minutes on two cores, and the time to install what is missing."
    install_missing "${packages[@]}"
    export POOLGRAD_TEST_CASES=${POOLGRAD_TEST_CASES:-400}
    build_and_test release
    exit
fi

install_missing "${packages[@]}" "${ci_packages[@]}"
part format check_format
# The sweeps of the last build once more, everywhere: fewer random cases.
export POOLGRAD_TEST_CASES=500
part clang build_and_test clang
part lint lint
part abi src/package/abi.sh compare
part no-openmp build_and_test no-openmp -L 'unit|processor' -LE long
part emulate build_and_test emulate -L unit -LE long
# Slower by an order of magnitude, or the same code: fewer still.
export POOLGRAD_TEST_CASES=100
part sanitizers build_and_test sanitizers -L unit -LE long
part thread build_and_test thread -L unit -LE long -E causes_
part aarch64 build_and_test aarch64 -L unit -LE long -E 'command|allocation|causes|explain|suite'
part wasm build_and_test wasm
part windows build_and_test_windows
part debian-12 tests/debian.sh bookworm build/debian-12
part debian-13 tests/debian.sh trixie build/debian-13 gcc clang
unset POOLGRAD_TEST_CASES
if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}"
fi

build_and_test ci -LE slow
[ ${#failed[@]} -eq 0 ] || { echo "the main build passed, but not: ${failed[*]}"; exit 1; }
