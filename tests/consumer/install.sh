#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# install.sh BUILD LIBDIR DIRECTORY: installs into DIRECTORY/first and moves that to DIRECTORY/moved, where everything
# has to work as well. What a consumer reads must not name the place it was built or first installed in.
set -euo pipefail
build=$1 libdir=$2 directory=$3

rm -rf "$directory"
mkdir -p "$directory"
cmake --install "$build" --prefix "$directory/first"
mv "$directory/first" "$directory/moved"
cd "$directory/moved"

oracle=()
if [ -f "$build/package/poolgrad_oracle.pc" ]; then
    oracle=("$libdir/libpoolgrad_oracle.a" "$libdir/libpoolgrad_oracle.so.0" "$libdir/pkgconfig/poolgrad_oracle.pc"
        include/poolgrad/oracle.h)
fi
for file in "${oracle[@]}" bin/poolgrad share/man/man1/poolgrad.1 include/poolgrad/poolgrad.h \
    "$libdir/libpoolgrad.a" "$libdir/libpoolgrad.so" "$libdir/libpoolgrad.so.0" \
    "$libdir/pkgconfig/poolgrad.pc" "$libdir/cmake/poolgrad/poolgradConfig.cmake"; do
    test -f "$file" || { echo "not installed: $file"; exit 1; }
done
if grep -rnF -e "$build" -e "$directory/first" "$libdir/cmake" "$libdir/pkgconfig"; then
    echo "the package names the place it was built in"
    exit 1
fi
