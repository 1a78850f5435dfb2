#!/usr/bin/env bash
# ./dev bench: every benchmark of the release build, medians of five runs, as JSON in build/bench/.
set -euo pipefail
mkdir -p build/bench
for program in build/release/bench/*_bench; do
  name=$(basename "$program")
  echo "== $name"
  "$program" --benchmark_repetitions="${REPETITIONS:-5}" --benchmark_report_aggregates_only=true \
    --benchmark_out="build/bench/$name.json" --benchmark_out_format=json
done
echo "== provider_plan"
python3 bench/provider_plan.py build/release/bin/terraform-provider-toy build/bench/provider_plan.json
