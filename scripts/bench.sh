#!/usr/bin/env bash
# ./dev bench [NAME…]: the benchmarks of the release build as JSON in build/bench/, and a table of the figures beside what
# they have to be. NAME is a program build/release/bench/NAME_bench (medians of REPETITIONS runs) or a script bench/NAME.py,
# of which NAME.PART is one part. Without a name all of them, which takes about 25 minutes on two cores; one that fails
# does not keep the others from running. Ends with 1 when one failed or a target is missed.
set -uo pipefail
mkdir -p build/bench/work
bench=$PWD/build/bench
programs=$PWD/build/release/bench
repetitions=${REPETITIONS:-5}
names=("$@")
if [ ${#names[@]} = 0 ]; then
  names=(planner store agent provider_value provider_start provider_plan git push services)
  rm -f "$bench"/*.json # of another day
fi

# In a folder on the disk of the clone: the stores of the benchmarks are under it.
program() {
  (cd "$bench/work" && "$programs/$1_bench" --benchmark_repetitions="$repetitions" \
    --benchmark_report_aggregates_only=true --benchmark_out="$bench/$1_bench.json" --benchmark_out_format=json)
}

# script NAME [PART]
script() { python3 -B "bench/$1.py" build/release/bin "$bench/$1.json" "${@:2}"; }

failed=0
for name in "${names[@]}"; do
  echo "== $name"
  SECONDS=0
  if [ -x "$programs/${name}_bench" ]; then
    program "$name" || failed=1
  elif [ -f "bench/${name%%.*}.py" ]; then
    if [ "${name#*.}" = "$name" ]; then script "$name"; else script "${name%%.*}" "${name#*.}"; fi || failed=1
  else
    echo "there is no benchmark $name" >&2
    failed=1
  fi
  echo "== $name: $SECONDS s"
done
rm -rf "$bench/work"
scripts/bench_table.py "$bench" || failed=1
exit $failed
