# SPDX-License-Identifier: Apache-2.0
# 64-bit Windows, by Debian's MinGW-w64; programs run under wine, where there is one.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
# The compiler's runtime, OpenMP's and that of its threads come with each program and library.
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_SHARED_LINKER_FLAGS_INIT -static)
find_program(POOLGRAD_WINE wine)
if(POOLGRAD_WINE)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${POOLGRAD_WINE})
endif()

# Programs come from this machine, everything else from the target's tree or an installed prefix.
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
