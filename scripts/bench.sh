#!/usr/bin/env bash
# ./dev bench [--build FOLDER] [NAME…]: benchmarks as JSON in build/bench/, and a table of the figures beside what they have
# to be. NAME is a program build/release/bench/NAME_bench (medians of REPETITIONS runs) or a script bench/NAME.py, of which
# NAME.PART is one part. Without a name all of them, which takes about 40 minutes on two cores; one that fails does not keep
# the others from running. Builds of the release what they need; with --build nothing: the programs of that folder
# (build/dev) are measured as they are. Ends with 1 when one failed or a target is missed.
set -uo pipefail
folder=build/release
built=
if [ "${1:-}" = --build ]; then
  folder=$(realpath "${2:?which folder has the programs?}")
  [ -d "$folder/bin" ] || { echo "$folder has no programs: there is no folder bin in it" >&2; exit 2; }
  built=yes
  shift 2
fi
bench=$PWD/build/bench
repetitions=${REPETITIONS:-5}
names=("$@")
mkdir -p "$bench/work"
if [ ${#names[@]} = 0 ]; then
  names=(planner store agent provider_value provider_start provider_plan git push previews services)
  rm -f "$bench"/*.json # of another day
fi

# Parts of one script are measured in one go: they share their servers.
order=()
declare -A parts
for name in "${names[@]}"; do
  whole=${name%%.*}
  if [ ! -f "bench/$whole.py" ] && [ ! -f "bench/${whole}_bench.cc" ]; then
    echo "there is no benchmark $name" >&2
    exit 2
  fi
  [[ " ${order[*]-} " = *" $whole "* ]] || order+=("$whole")
  [ "$name" = "$whole" ] || parts[$whole]+=" ${name#*.}"
done
for name in "${names[@]}"; do # the whole and a part of it is the whole
  [ "$name" != "${name%%.*}" ] || unset "parts[$name]"
done

targets() {
  local name
  for name in "${order[@]}"; do
    if [ -f "bench/${name}_bench.cc" ]; then echo "${name}_bench"; continue; fi
    case "$name:${parts[$name]-}" in
      provider_plan:*) echo terraform-provider-podwright terraform-provider-toy ;;
      services: | services:*quickstart*) echo podwrightd podwright podwright-agent terraform-provider-podwright ;;
      *) echo podwrightd podwright podwright-agent ;;
    esac
  done | tr ' ' '\n' | sort -u
}

if [ -z "$built" ]; then
  cmake --preset release >"$bench/configure.log" 2>&1 || { cat "$bench/configure.log"; exit 1; }
  mapfile -t wanted < <(targets)
  cmake --build "$folder" --target "${wanted[@]}" || exit 1
  folder=$PWD/$folder
fi

# In a folder on the disk of the clone: the stores of the benchmarks are under it.
program() {
  (cd "$bench/work" && "$folder/bench/$1_bench" --benchmark_repetitions="$repetitions" \
    --benchmark_report_aggregates_only=true --benchmark_out="$bench/$1_bench.json" --benchmark_out_format=json)
}

failed=0
for name in "${order[@]}"; do
  echo "== $name${parts[$name]-}"
  SECONDS=0
  if [ -f "bench/${name}_bench.cc" ]; then
    program "$name" || failed=1
  else
    # shellcheck disable=SC2086
    python3 -B "bench/$name.py" "$folder/bin" "$bench/$name.json" ${parts[$name]-} || failed=1
  fi
  echo "== $name: $SECONDS s"
done
rm -rf "$bench/work"
scripts/bench_table.py "$bench" || failed=1
exit $failed
