# SPDX-License-Identifier: Apache-2.0
# Debian's cross compiler for 64-bit ARM; tests run under qemu's user emulation.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
find_program(POOLGRAD_AARCH64_CXX aarch64-linux-gnu-g++)
if(POOLGRAD_AARCH64_CXX)
    set(CMAKE_CXX_COMPILER ${POOLGRAD_AARCH64_CXX})
endif()
find_program(POOLGRAD_QEMU qemu-aarch64 REQUIRED)
set(CMAKE_CROSSCOMPILING_EMULATOR ${POOLGRAD_QEMU} -L /usr/aarch64-linux-gnu)

# Programs come from this machine, everything else from the target's tree or an installed prefix.
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
