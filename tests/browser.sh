#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# browser.sh POOLGRAD DATA: opens a page of `poolgrad verify` in Chromium, where there is one, and looks at what it makes of
# it: all pictures decoded, the script run without an error, nothing fetched. 77: there is no Chromium.
set -euo pipefail
poolgrad=$1 data=$2/photo-max-3x3s2p1
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$poolgrad" gradient --kind max --kernel 3 --stride 2 --pad 1 --source "$data/source.npy" \
    --source-gradient "$data/source_gradient.npy" --ties all --output "$work/actual.npy"
status=0
"$poolgrad" verify --kind max --kernel 3 --stride 2 --pad 1 --source "$data/source.npy" \
    --source-gradient "$data/source_gradient.npy" --actual "$work/actual.npy" --report "$work/page.html" >/dev/null ||
    status=$?
[ "$status" -le 1 ] || { echo "verify ended with status $status"; exit 1; }

# What the page says of itself once it is there is put into its title, which the dump has.
sed 's#</body>#<script>addEventListener("load", () => { const images = [...document.images];\
document.title = `${images.filter(i => i.complete \&\& i.naturalWidth > 0).length} of ${images.length} pictures, ` +\
`${performance.getEntriesByType("resource").filter(e => !e.name.startsWith("data:")).length} fetched`; });</script></body>#' \
    "$work/page.html" >"$work/asked.html"
"$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" --enable-logging=stderr --v=0 \
    --virtual-time-budget=5000 --dump-dom "file://$work/asked.html" >"$work/dom.html" 2>"$work/log"
title=$(grep -o '<title>[^<]*' "$work/dom.html" | head -n 1)
echo "$title"
[[ $title =~ ^"<title>"([1-9][0-9]*)" of "([0-9]+)" pictures, 0 fetched"$ && ${BASH_REMATCH[1]} == "${BASH_REMATCH[2]}" ]]
! grep -E 'CONSOLE.*(Uncaught|Error)' "$work/log"
