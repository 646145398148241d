#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What run.sh leaves out for lack of time, before a release or a large change: builds in part, 64-bit RISC-V, all tests
# under the sanitizers and of emulated routines, and many random cases in the release build. Hours on two cores.
#
#     bash tests/long.sh [CASES]    as many random cases of each sweep in the release build; 20000 without
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/parts.sh

install_missing "${packages[@]}" "${ci_packages[@]}"
POOLGRAD_TEST_CASES=${1:-20000} part release build_and_test release -L unit
part slow build_and_test ci -L slow
export POOLGRAD_TEST_CASES=500
part emulate build_and_test emulate
part no-openmp build_and_test no-openmp
part sanitizers build_and_test sanitizers
part thread build_and_test thread -L unit
export POOLGRAD_TEST_CASES=100
part riscv64 build_and_test riscv64 -L unit -LE long -E command
part aarch64 build_and_test aarch64 -LE long
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}"; exit 1; }
