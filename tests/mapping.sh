#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# mapping.sh ROOT: docs/mapping.md speaks of what there is. Names, fields, tests and rules it mentions exist; every
# function of mps.h and graph.h is mentioned; every row has its test and its mark, unless it says n/a and why.
set -euo pipefail
cd "$1"
page=docs/mapping.md
headers=(include/poolgrad/*.h)

fail_if_any() { # WHAT LINES
    if [ -n "$2" ]; then printf '%s:\n%s\n' "$1" "$2"; exit 1; fi
}
words_of() { grep -hoE '\b[A-Za-z_][A-Za-z0-9_]*' "$@" | sort -u; }

fail_if_any "says not yet" "$(grep -n 'not yet' "$page" || true)"

named=$(grep -oE '\b(poolgrad|POOLGRAD)_[A-Za-z0-9_]+' "$page" | sort -u)
[ -n "$named" ] || { echo "no name in $page"; exit 1; }
fail_if_any "in $page, but in no header" "$(comm -23 <(echo "$named") <(words_of "${headers[@]}"))"

fields=$(grep -oE '(`|problem)\.[a-z][a-z0-9_]*' "$page" | sed 's/.*\.//' | sort -u)
fail_if_any "fields in $page, but in no header" "$(comm -23 <(echo "$fields") <(words_of "${headers[@]}"))"

declared=$(awk -v RS=';' '/POOLGRAD_API/ { sub(/.*POOLGRAD_API/, "")
    if (match($0, /poolgrad_[a-z0-9_]+\(/)) print substr($0, RSTART, RLENGTH - 1) }' \
    include/poolgrad/mps.h include/poolgrad/graph.h | sort -u)
[ -n "$declared" ] || { echo "no declaration found in mps.h and graph.h"; exit 1; }
fail_if_any "declared, but not in $page" "$(comm -23 <(echo "$declared") <(echo "$named"))"

# One line for each row: number of the line, what is in poolgrad, test, mark (- where a table has none), rule.
rows=$(awk -F ' *[|] *' '
    !/^[|]/           { columns = 0; next }
    /^[|][-|]+$/      { next }
    columns == 0      { columns = NF; delete at; for (i = 2; i < NF; i++) at[$i] = i; next }
    NF != columns     { printf "%d\tcells\t\t\t\n", NR; next }
    { mark = "mark" in at ? $at["mark"] : "-"
      printf "%d\t%s\t%s\t%s\t%s\n", NR, $at["in poolgrad"], $at["test"], mark, $at["rule"] }' "$page")
wrong=$(awk -F '\t' '
    $2 == "cells"                                  { print $1 ": not as many cells as the table has columns"; next }
    $2 == ""                                       { print $1 ": says nothing of poolgrad" }
    $2 ~ /^n\/a/ && $2 !~ /^n\/a: ./               { print $1 ": n/a without a reason" }
    ($2 ~ /^n\/a/) && $3 == ""                     { print $1 ": no test, not even —" }
    ($2 !~ /^n\/a/) && ($3 == "" || $3 == "—")     { print $1 ": no test" }
    $4 !~ /^(-|documented|decided|both)$/          { print $1 ": marked \"" $4 "\"" }' <<<"$rows")
fail_if_any "rows of $page" "$wrong"

# FILE: NAME, FILE: NAME; a program under tests/examples is a test as a whole, and has no name.
tests=$(awk -F '\t' '$3 != "—" { n = split($3, part, ", "); for (i = 1; i <= n; i++) print part[i] }' <<<"$rows" | sort -u)
[ -n "$tests" ] || { echo "no test in $page"; exit 1; }
missing=$(while IFS= read -r test; do
    file=tests/${test%%:*} name=${test#*: }
    case $test in
    examples/*.c) [ -f "$file" ] || echo "$test" ;;
    *.c:\ *) grep -qsE "^Test\([a-z0-9_]+, $name\b" "$file" || echo "$test" ;;
    *) echo "$test" ;;
    esac
done <<<"$tests")
fail_if_any "tests in $page that do not exist" "$missing"

rules=$(awk -F '\t' '{ print $5 }' <<<"$rows" | grep -oE 'N[0-9]+' | sort -u)
known=$(grep -oE '^<a id="n[0-9]+"></a>\*\*N[0-9]+' docs/numerics.md | grep -oE 'N[0-9]+$' | sort -u)
fail_if_any "rules in $page that do not exist" "$(comm -23 <(echo "$rules") <(echo "$known"))"
