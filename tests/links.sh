#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# links.sh ROOT: every relative link of a page leads to a file, and to an anchor where numerics.md is linked with one;
# every drawing is shown by a page.
set -euo pipefail
cd "$1"
status=0
complain() {
    echo "$*"
    status=1
}

read -ra pages <<<"$(find ./*.md docs tests bench -name '*.md' -printf '%p ')"
for page in "${pages[@]}"; do
    # shellcheck disable=SC2016  # what looks like commands are fences
    while IFS= read -r target; do
        file=$(dirname "$page")/${target%%#*}
        [ -e "$file" ] || complain "$page: no $target"
        case $target in
        *numerics.md'#'*) grep -q "id=\"${target##*#}\"" "$file" || complain "$page: no anchor $target" ;;
        esac
    done < <(sed -e '/^```/,/^```/d' "$page" | grep -oE '\]\([^)]+\)' | sed -e 's/^](//' -e 's/)$//' | grep -vE '^(https?:|#|mailto:)')
done
for drawing in docs/drawings/*.svg; do
    grep -q "drawings/$(basename "$drawing")" docs/*.md README.md || complain "$drawing: on no page"
done
exit "$status"
