# SPDX-License-Identifier: Apache-2.0
# What run.sh and long.sh share: parts, each with a log of its own. Sourced in the project's folder.
. src/package/debian.sh

jobs=$(nproc)
logs=build/logs
mkdir -p "$logs"
packages+=(g++ libcriterion-dev python3-numpy)
ci_packages=(clang clang-format clang-tidy libomp-dev libclang-rt-14-dev qemu-user mmdebstrap abigail-tools
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-riscv64-linux-gnu libc6-dev-riscv64-cross
    gcc-mingw-w64-x86-64-posix wine wine64 emscripten zsh fish)

install_missing() { # PACKAGE...
    local missing
    read -ra missing <<<"$(missing_packages "$@")"
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    if can_install; then install_packages "${missing[@]}"; else tell_missing "${missing[@]}"; fi
}

build_and_test() { # PRESET [CTEST ARGUMENT...]
    cmake --preset "$1" && cmake --build --preset "$1" -j "$jobs" && ctest --preset "$1" -j "$jobs" "${@:2}"
}

# One server of wine stays for all programs, which fail where they start while another one's server begins or ends.
build_and_test_windows() { # [CTEST ARGUMENT...]
    local status=0
    export WINEPREFIX=$PWD/build/wine WINEDEBUG=-all
    mkdir -p "$WINEPREFIX"
    wineserver -p || return
    wine wineboot --init && build_and_test windows "$@" || status=$?
    wineserver -k || true
    return $status
}

# What ctest says of tests that failed; the end of a log without any.
show_failures() { # LOG
    if grep -q '[*][*][*]' "$1"; then
        awk '/ Test +#[0-9]+: / { shown = /[*][*][*](Failed|Exception|Timeout|Not Run)/; lines = 0 }
             shown && lines++ < 60' "$1"
        sed -n '/tests failed out of/,$p' "$1"
    else
        tail -n 100 "$1"
    fi
}

# Each part's log is shown if the part fails; the others go on.
failed=()
part() { # NAME COMMAND...
    local begin=$SECONDS
    if ("${@:2}") >"$logs/$1.log" 2>&1 </dev/null; then
        printf '%-16s passed in %d s\n' "$1" $((SECONDS - begin))
        return
    fi
    failed+=("$1")
    printf '%-16s FAILED in %d s; of %s:\n' "$1" $((SECONDS - begin)) "$logs/$1.log"
    show_failures "$logs/$1.log"
}
