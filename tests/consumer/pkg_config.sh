#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pkg_config.sh c|cpp|COMPONENT DIRECTORY LIBDIR COMPILER [EMULATOR...]: builds the consumer against DIRECTORY/moved by
# pkg-config, once as it comes and once with --static, and runs both.
set -euo pipefail
language=$1 directory=$2 libdir=$3 compiler=$4
emulator=("${@:5}")
here=$(dirname "$0")
package=poolgrad
[[ $language =~ ^c(pp)?$ ]] || package=poolgrad_$language
export PKG_CONFIG_PATH=$directory/moved/$libdir/pkgconfig LD_LIBRARY_PATH=$directory/moved/$libdir

build() { # PROGRAM FLAG...
    # shellcheck disable=SC2086  # the compiler comes with its flags
    $compiler "$here/$language"/main.* -o "$directory/$1" -DPACKAGE_VERSION="\"$(pkg-config --modversion $package)\"" \
        "${@:2}"
    "${emulator[@]}" "$directory/$1"
}
needs_shared() { readelf -d "$directory/$1" | grep -q 'NEEDED.*libpoolgrad'; }

read -ra usual <<<"$(pkg-config --cflags --libs $package)"
build "pc_$language" "${usual[@]}"
if [ -f "$directory/moved/$libdir/lib$package.so" ]; then
    needs_shared "pc_$language" || { echo "not linked to the shared library"; exit 1; }
fi
[ -f "$directory/moved/$libdir/lib$package.a" ] || exit 0

# Both libraries lie in the same folder and the linker prefers the shared one; a program that wants the other says so.
read -ra static <<<"$(pkg-config --static --cflags --libs $package | sed -E 's/-l(poolgrad[a-z_]*)/-l:lib\1.a/g')"
build "pc_static_$language" "${static[@]}"
if needs_shared "pc_static_$language"; then echo "linked to the shared library"; exit 1; fi
