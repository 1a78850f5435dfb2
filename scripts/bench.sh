#!/usr/bin/env bash
# ./dev bench [NAME…]: the benchmarks of the release build, medians of REPETITIONS runs, as JSON in build/bench/,
# and a table of the figures beside what they have to be.
set -euo pipefail
mkdir -p build/bench/work
bench=$PWD/build/bench
programs=$PWD/build/release/bench
repetitions=${REPETITIONS:-5}
names=("$@")
if [ ${#names[@]} = 0 ]; then names=(planner store agent provider_value provider_start); fi
for name in "${names[@]}"; do
  echo "== $name"
  # In a folder on the disk of the clone: the stores of the benchmarks are under it.
  (cd "$bench/work" && "$programs/${name}_bench" --benchmark_repetitions="$repetitions" \
    --benchmark_report_aggregates_only=true --benchmark_out="$bench/${name}_bench.json" --benchmark_out_format=json)
done
if [ $# = 0 ]; then
  echo "== provider_plan"
  python3 -B bench/provider_plan.py build/release/bin "$bench/provider_plan.json"
  echo "== balancer"
  python3 -B bench/balancer.py build/release/bin "$bench/balancer.json"
fi
rmdir "$bench/work"
scripts/bench_table.py "$bench"
