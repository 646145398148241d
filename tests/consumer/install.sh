#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# install.sh BUILD LIBDIR DIRECTORY LIBRARY_FILE...: installs into DIRECTORY/first and moves that to DIRECTORY/moved,
# where everything has to work as well. What a consumer reads must not name the place it was built or first installed in.
set -euo pipefail
build=$1 libdir=$2 directory=$3 libraries=("${@:4}")

rm -rf "$directory"
mkdir -p "$directory"
cmake --install "$build" --prefix "$directory/first"
mv "$directory/first" "$directory/moved"
cd "$directory/moved"

files=("${libraries[@]/#/$libdir/}" bin/poolgrad share/man/man1/poolgrad.1 "$libdir/cmake/poolgrad/poolgradConfig.cmake")
for package in "$build"/package/*.pc; do
    name=$(basename "$package" .pc)
    files+=("$libdir/pkgconfig/$name.pc" "include/poolgrad/${name#poolgrad_}.h")
done
if test -e "$build/completions/poolgrad.bash"; then
    files+=(share/bash-completion/completions/poolgrad share/zsh/site-functions/_poolgrad
        share/fish/vendor_completions.d/poolgrad.fish)
fi
for file in "${files[@]}"; do
    test -f "$file" || { echo "not installed: $file"; exit 1; }
done
if grep -rnF -e "$build" -e "$directory/first" "$libdir/cmake" "$libdir/pkgconfig"; then
    echo "the package names the place it was built in"
    exit 1
fi
