# SPDX-License-Identifier: Apache-2.0
# Linux on 64-bit RISC-V.
set(POOLGRAD_MACHINE riscv64)
include(${CMAKE_CURRENT_LIST_DIR}/linux_cross.cmake)
