# SPDX-License-Identifier: Apache-2.0
# Debian's cross compiler for Linux on POOLGRAD_MACHINE, which a toolchain file sets; tests run under qemu's user
# emulation.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${POOLGRAD_MACHINE})
set(CMAKE_C_COMPILER ${POOLGRAD_MACHINE}-linux-gnu-gcc)
find_program(POOLGRAD_CROSS_CXX ${POOLGRAD_MACHINE}-linux-gnu-g++)
if(POOLGRAD_CROSS_CXX)
    set(CMAKE_CXX_COMPILER ${POOLGRAD_CROSS_CXX})
endif()
find_program(POOLGRAD_QEMU qemu-${POOLGRAD_MACHINE} REQUIRED)
set(CMAKE_CROSSCOMPILING_EMULATOR ${POOLGRAD_QEMU} -L /usr/${POOLGRAD_MACHINE}-linux-gnu)

# Programs come from this machine, everything else from the target's tree or an installed prefix.
set(CMAKE_FIND_ROOT_PATH /usr/${POOLGRAD_MACHINE}-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
