#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# subproject.sh WAY SHARED BUILD SOURCE DIRECTORY OPTION...: poolgrad in SOURCE as a part of another project, by
# add_subdirectory or FetchContent, with BUILD_SHARED_LIBS being SHARED. It is optimised though the project is not; with
# BUILD being ON the project also runs, and installs what is its own.
set -euo pipefail
way=$1 shared=$2 build=$3 source=$4 directory=$5 options=("${@:6}")

rm -rf "$directory"
cmake -S "$source/tests/consumer/subproject" -B "$directory/build" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DWAY="$way" \
    -DBUILD_SHARED_LIBS="$shared" -DPOOLGRAD_SOURCE="$source" \
    "${options[@]}"

# The last word on each of the library's files.
lines=$(grep '"command"' "$directory/build/compile_commands.json" | grep -E ' -c [^ ]*/src/(routines|lanes|fast|reference)/')
[ "$(wc -l <<<"$lines")" -gt 10 ] || { echo "the library is not compiled"; exit 1; }
while read -r line; do
    level=$(grep -oE ' -O[^ ]*' <<<"$line" | tail -n 1)
    # Plain C beside vectors is to be small.
    wanted=" -O3"
    [[ $line != *" -c "*"/routines/scalar.c"* ]] || wanted=" -O[23]"
    # shellcheck disable=SC2053
    [[ $level == $wanted ]] || { echo "compiled with '$level': $line"; exit 1; }
done <<<"$lines"

# Asked to install poolgrad as well, the project keeps its own folder of documentation.
cmake "$directory/build" -DPOOLGRAD_INSTALL=ON
installs() { grep -rqF --include=cmake_install.cmake "/share/doc/$1" "$directory/build"; }
installs poolgrad || { echo "poolgrad's documentation is not installed"; exit 1; }
if installs parent; then echo "poolgrad's documentation is installed as the project's"; exit 1; fi
[ "$build" = ON ] || exit 0

cmake "$directory/build" -DPOOLGRAD_INSTALL=OFF

cmake --build "$directory/build" -j 2
"$directory/build/program"
cmake --install "$directory/build" --prefix "$directory/installed"
installed=$(cd "$directory/installed" && find . -type f -o -type l)
[ "$installed" = ./bin/program ] || { printf 'installed beside the program:\n%s\n' "$installed"; exit 1; }
