#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# symbols.sh CHECK NM SHARED STATIC HEADER..., CHECK being one of
#   exported  the shared library exports the functions that the headers declare, and nothing else
#   prefixed  every global symbol of the static library begins with poolgrad_
#   c11_only  the static library calls nothing beyond the C11 functions of c11_functions.txt and the compiler's runtime
set -euo pipefail
check=$1 nm=$2 shared=$3 static=$4 headers=("${@:5}")

# Sanitizers give each object globals of their own.
without_sanitizers() { grep -vE '^(__([altu]|ub)san_|__odr_asan)' || true; }
names_of() { awk 'NF { print $NF }' | sort -u | without_sanitizers; }
defined() { "$nm" -gP --defined-only "$@" | awk 'NF > 1 { print $1 }' | names_of; }
fail_if_any() { # WHAT NAMES
    if [ -n "$2" ]; then printf '%s:\n%s\n' "$1" "$2"; exit 1; fi
}

case $check in
exported)
    declared=$(awk -v RS=';' '/POOLGRAD_API/ { sub(/.*POOLGRAD_API/, "")
        if (match($0, /poolgrad_[a-z0-9_]+\(/)) print substr($0, RSTART, RLENGTH - 1) }' "${headers[@]}" | sort -u)
    [ -n "$declared" ] || { echo "no declaration found in ${headers[*]}"; exit 1; }
    exported=$(defined -D "$shared")
    fail_if_any "exported, but not in a header" "$(comm -13 <(echo "$declared") <(echo "$exported"))"
    fail_if_any "in a header, but not exported" "$(comm -23 <(echo "$declared") <(echo "$exported"))"
    ;;
prefixed)
    [ -n "$(defined "$static")" ] || { echo "no symbol in $static"; exit 1; }
    fail_if_any "global without the prefix" "$(defined "$static" | grep -v '^poolgrad_' || true)"
    ;;
c11_only)
    # __x_chk is x as hardened builds call it, and bcmp is clang's memcmp for equality; the rest is OpenMP's and the
    # compiler's own runtime.
    runtime='^(bcmp$|GOMP_|omp_|__kmpc_|__aarch64_|__stack_chk_fail$|__assert_fail$|_GLOBAL_OFFSET_TABLE_$)'
    used=$("$nm" -uP "$static" | awk 'NF > 1 { print $1 }' | names_of | sed -E 's/^__(.*)_chk$/\1/' | sort -u)
    allowed=$(grep -v '^#' "$(dirname "$0")/c11_functions.txt" | tr -s ' ' '\n' | sort -u)
    foreign=$(comm -23 <(echo "$used") <(cat <(echo "$allowed") <(defined "$static") | sort -u))
    fail_if_any "called, but not C11" "$(grep -vE "$runtime" <<<"$foreign" || true)"
    ;;
*)
    echo "unknown check: $check"
    exit 1
    ;;
esac
