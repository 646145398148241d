# SPDX-License-Identifier: Apache-2.0
# Linux on 64-bit ARM.
set(POOLGRAD_MACHINE aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/linux_cross.cmake)
