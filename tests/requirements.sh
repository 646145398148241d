#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# requirements.sh PROCESSOR_C CC ISA[,LOWER...] FLAG...
#   Every instruction that CC may use because of the FLAGs has its bit_NAME in the table of PROCESSOR_C, in a line of ISA
#   (as AVX2) or of one below it.
set -euo pipefail
table=$1 cc=$2 isas=$3 flags=("${@:4}")

[ ${#flags[@]} -gt 0 ] || { echo "no flags for $isas"; exit 1; }
macros() { $cc -dM -E "$@" -x c /dev/null | awk '{ print $2 }' | sort -u; }
# Of the rest, __FP_FAST_FMA*, __BIGGEST_ALIGNMENT__ and __NO_*__ are no instructions; CRC32 is a part of SSE4.2, and
# EVEX256 and EVEX512 are how wide AVX-512's instructions may be.
lists=$(mktemp -d) # files, for a system without /proc has no substitutes for them
trap 'rm -rf "$lists"' EXIT
macros >"$lists/plain"
macros "${flags[@]}" >"$lists/flags"
allowed=$(comm -13 "$lists/plain" "$lists/flags" |
    grep -vE '^__(FP_FAST_|BIGGEST_ALIGNMENT__|NO_|CRC32__|EVEX(256|512)__)' | sed -E 's/^__(.*)__$/\1/')
[ -n "$allowed" ] || { echo "$cc ${flags[*]}: allows nothing new"; exit 1; }
asked=$(grep -E "^ *\{POOLGRAD_ISA_(${isas//,/|})," "$table" | grep -oE 'bit_[A-Z0-9_]+' | sed 's/^bit_//' | sort -u)
sort -u <<<"$allowed" >"$lists/allowed"
echo "$asked" >"$lists/asked"
missing=$(comm -23 "$lists/allowed" "$lists/asked")
if [ -n "$missing" ]; then printf '%s: allowed by %s, but not asked for:\n%s\n' "$isas" "${flags[*]}" "$missing"; exit 1; fi
