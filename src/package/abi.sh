#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What programs linked with the shared libraries rely on: functions, and the layouts of public types. On x86-64, with
# libabigail's tools (Debian: abigail-tools).
#
#     src/package/abi.sh record     writes it to src/package/abi
#     src/package/abi.sh compare    builds the libraries, and shows what differs from the record
set -euo pipefail
cd "$(dirname "$0")/../.."
action=${1:-} build=build/abi record=src/package/abi
[[ $action =~ ^(record|compare)$ ]] || { echo "usage: src/package/abi.sh record|compare"; exit 2; }

cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Debug -DBUILD_SHARED_LIBS=ON -DPOOLGRAD_COMMAND=OFF -DPOOLGRAD_TESTS=OFF \
    -DPOOLGRAD_BENCH=OFF -DCMAKE_C_FLAGS="-ffile-prefix-map=$PWD=." >/dev/null
cmake --build "$build" -j "$(nproc)" >/dev/null

describe() { # LIBRARY FILE: without what is the library's own, or this machine's
    abidw --headers-dir include --drop-private-types --exported-interfaces-only --no-architecture --no-corpus-path \
        --no-comp-dir-path --no-elf-needed --no-show-locs --type-id-style hash --out-file "$2" "$1"
}
mkdir -p "$record"
differs=0
for name in libpoolgrad libpoolgrad_json libpoolgrad_oracle; do
    library=$build/$name.so
    [ -f "$library" ] || { echo "$name is not built: GMP, MPFR and jansson are needed"; exit 1; }
    if [ "$action" = record ]; then
        describe "$library" "$record/$name.abi"
    else
        describe "$library" "$build/$name.abi"
        abidiff --no-show-locs "$record/$name.abi" "$build/$name.abi" || differs=1
    fi
done
[ "$differs" = 0 ] || {
    echo "The libraries are not what is recorded: undo the change, or, where it is meant, raise the minor version in" \
        "CMakeLists.txt and poolgrad.h if a program could notice, list it in docs/CHANGELOG.md, and run" \
        "src/package/abi.sh record."
    exit 1
}
