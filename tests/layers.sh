#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# layers.sh ROOT: folders include the headers of the folders that the table of layers in docs/architecture.md lists for
# them, all of these, and no others; these stand further down in the table. A public header belongs to the folder that
# implements the header. The page's tables of files name every source file of their folders. The name of a source file
# occurs once in the tree.
set -euo pipefail
cd "$1"
page=docs/architecture.md
status=0
complain() {
    echo "$*"
    status=1
}

# A line for each row: folder, then the folders it includes.
rows=$(awk -F ' *[|] *' '
    /^[|] folder [|] content [|] includes [|]$/ { table = 1; next }
    !/^[|]/                                     { table = 0 }
    table && $2 ~ /^`/                          { gsub(/[`,]/, ""); sub(/^src\//, "", $2); print $2, $4 }' "$page")
[ -n "$rows" ] || { echo "no table of layers in $page"; exit 1; }

declare -A row_of owner=([poolgrad]=pooling [mps]=mps [graph]=graph [dialect]=dialect [json]=json [oracle]=oracle)
count=0
while read -r folder _; do row_of[$folder]=$((++count)); done <<<"$rows"

path_of() { [ "$1" = bench ] && echo bench || echo "src/$1"; }
included() { # FOLDER PATTERN: what the pattern's group matches in its files
    find "$(path_of "$1")" -name '*.[ch]' -print0 | xargs -0 sed -nE "s|^ *# *include $2.*|\1|p" | sort -u
}

while read -r folder listed; do
    [ -d "$(path_of "$folder")" ] || { complain "$page: no folder $folder"; continue; }
    # Some benches use the tests' layers of real networks.
    found=$(included "$folder" '"([^"]+)/[^"/]+"' | grep -vxE "$folder|support" || true)
    wanted=$(tr ' ' '\n' <<<"$listed" | sed '/^$/d' | sort -u)
    more=$(comm -23 <(echo "$found") <(echo "$wanted"))
    fewer=$(comm -13 <(echo "$found") <(echo "$wanted"))
    [ -z "$more" ] || complain "$folder includes what $page does not list:" "$more"
    [ -z "$fewer" ] || complain "$folder does not include what $page lists:" "$fewer"
    for name in $wanted; do
        [ "${row_of[$name]:-0}" -gt "${row_of[$folder]}" ] || complain "$page: $name does not stand below $folder"
    done
    for header in $(included "$folder" '<poolgrad/([a-z_]+)\.h>'); do
        # What problems are, every layer knows.
        [ "$header" = poolgrad ] || [ "${row_of[${owner[$header]:-none}]:-0}" -ge "${row_of[$folder]}" ] ||
            complain "$folder includes poolgrad/$header.h, of a layer above"
    done
done <<<"$rows"

for path in src/*/; do
    folder=$(basename "$path")
    [ -z "$(find "$path" -name '*.[ch]')" ] || [ -n "${row_of[$folder]:-}" ] || complain "$page: no row for $folder"
done

# FOLDER FILE for each file without an ending in a table of files.
named=$(awk -F ' *[|] *' '
    /^[|] file of `src\// { folder = $2; gsub(/.*src\/|`/, "", folder); next }
    !/^[|]/               { folder = "" }
    folder && $2 ~ /^`/   { gsub(/[`,]/, "", $2); n = split($2, file, " ")
                            for (i = 1; i <= n; i++) if (file[i] !~ /[.]/) print folder, file[i] }' "$page" | sort)
[ -n "$named" ] || complain "no table of files in $page"
sources=$(for folder in $(cut -d ' ' -f 1 <<<"$named" | uniq); do
    find "src/$folder" -name '*.c' -printf "$folder %f\n" | sed 's/\.c$//'
done | sort)
[ "$named" = "$sources" ] ||
    complain "tables of files in $page (<) and sources (>):" "$(diff <(echo "$named") <(echo "$sources"))"

twice=$(find include src bench tests/*.c tests/support -name '*.[ch]' -exec basename {} \; | sort | uniq -d)
[ -z "$twice" ] || complain "names of several files:" "$twice"
exit $status
