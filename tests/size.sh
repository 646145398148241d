#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# size.sh STRIP LIBRARY: what the shared library takes once its symbols for debuggers are gone, which is little.
set -euo pipefail
strip=$1 library=$2
readonly most=1536 # KiB

stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT
"$strip" -o "$stripped" "$library"
size=$(($(stat -Lc %s "$stripped") / 1024))
echo "$(basename "$library"): $size KiB stripped; at most $most"
[ "$size" -le "$most" ]
