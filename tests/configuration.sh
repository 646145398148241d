#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# configuration.sh SOURCE DIRECTORY OPTION...: what configurations are refused, or accepted and spoken of.
set -euo pipefail
source=$1 directory=$2 options=("${@:3}")

configure() { # OPTION...
    rm -rf "$directory"
    cmake -S "$source" -B "$directory" "${options[@]}" -DPOOLGRAD_TESTS=OFF -DPOOLGRAD_BENCH=OFF -DPOOLGRAD_COMMAND=OFF \
        -DBUILD_SHARED_LIBS=OFF \
        "$@" 2>&1 | tr -s ' \n' ' ' || true
}
expect() { # SENTENCE OPTION...
    local said
    said=$(configure "${@:2}")
    [[ $said == *"$1"* ]] || { printf '%s: expected "%s", but it says:\n%s\n' "${*:2}" "$1" "$said"; exit 1; }
}
succeeded() { [ -f "$directory/package/poolgrad.pc" ]; }
fail() { echo "$1"; exit 1; }

expect "POOLGRAD_ISAS is 'avx3'; expected all, or a list of" -DPOOLGRAD_ISAS=avx3
if succeeded; then fail "avx3 was accepted"; fi
expect "POOLGRAD_ISAS is ''; expected all, or a list of" -DPOOLGRAD_ISAS=
expect "POOLGRAD_ISAS is 'all;scalar'; expected all, or a list of" "-DPOOLGRAD_ISAS=all;scalar"

# Folders may be absolute, beside the prefix as well as below it.
configure -DCMAKE_INSTALL_PREFIX=/opt/pool -DCMAKE_INSTALL_LIBDIR=/opt/pool/lib64 \
    -DCMAKE_INSTALL_INCLUDEDIR=/opt/headers >/dev/null
for line in 'prefix=${pcfiledir}/../..' 'libdir=${prefix}/lib64' 'includedir=${prefix}/../headers'; do
    grep -xF "$line" "$directory/package/poolgrad.pc" || fail "poolgrad.pc lacks $line"
done

# What tests need is missed where they are asked for; otherwise it is spoken of.
expect "No tests. The tests test the command as well" -DPOOLGRAD_TESTS=AUTO
succeeded || fail "without the command there is no build"
expect "No tests. The tests need Criterion" -DPOOLGRAD_TESTS=AUTO -DPOOLGRAD_COMMAND=ON -DCRITERION_LIBRARY=OFF \
    -DPOOLGRAD_TEST_RUNNER=criterion
succeeded || fail "without Criterion there is no build"
expect "CMake Error at tests/CMakeLists.txt" -DPOOLGRAD_TESTS=ON -DPOOLGRAD_COMMAND=ON -DCRITERION_LIBRARY=OFF \
    -DPOOLGRAD_TEST_RUNNER=criterion
expect "POOLGRAD_TESTS is 'some'; expected ON, OFF or AUTO" -DPOOLGRAD_TESTS=some
expect "POOLGRAD_OPENMP is 'some'; expected ON, OFF or AUTO" -DPOOLGRAD_OPENMP=some
expect "The routines need SIMDe's headers" -DSIMDE_INCLUDE_DIR="$directory"

# A compiler without OpenMP: a missing package, except for Apple's clang.
hidden=-DCMAKE_DISABLE_FIND_PACKAGE_OpenMP=ON
expect "has no OpenMP: install its runtime" $hidden
if succeeded; then fail "OpenMP was left out without a word"; fi
apple=$directory.cmake
cat >"$apple" <<'END'
set(CMAKE_C_COMPILER_ID_RUN 1)
set(CMAKE_C_COMPILER_ID AppleClang)
set(CMAKE_C_COMPILER_VERSION 15)
set(CMAKE_C_STANDARD_COMPUTED_DEFAULT 17)
set(CMAKE_C_EXTENSIONS_COMPUTED_DEFAULT ON)
END
expect "poolgrad will work on the calling thread alone" $hidden -DCMAKE_TOOLCHAIN_FILE="$apple"
succeeded || fail "Apple's clang was refused"
said=$(cmake "$directory" 2>&1) || { printf "%s\n" "$said"; fail "Apple's clang was refused the second time"; }
expect "has no OpenMP: install its runtime" $hidden -DCMAKE_TOOLCHAIN_FILE="$apple" -DPOOLGRAD_OPENMP=ON
if succeeded; then fail "OpenMP was asked for, and left out"; fi
