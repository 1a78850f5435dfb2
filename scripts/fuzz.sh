#!/usr/bin/env bash
# ./dev fuzz SECONDS: every fuzz target for so long; a crash leaves its input in build/fuzz/crashes.
set -euo pipefail
seconds="$1"
mkdir -p build/fuzz/crashes
found=0
for program in build/fuzz/fuzz/*_fuzz; do
  found=1
  name=$(basename "$program")
  mkdir -p "build/fuzz/corpus/$name"
  echo "== $name"
  "$program" "build/fuzz/corpus/$name" -max_total_time="$seconds" -rss_limit_mb=2048 -print_final_stats=0 \
    -artifact_prefix="build/fuzz/crashes/$name-"
done
[ "$found" = 1 ] || { echo "no fuzz target was built" >&2; exit 1; }
