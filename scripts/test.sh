#!/usr/bin/env bash
# ./dev test [PART]. Every part prints what it runs; the last line counts all of them.
set -uo pipefail
part="$1"
passed=0
failed=0
failures=()
mkdir -p build/log

# count NAME COMMAND…: runs one thing that passes or fails as a whole.
count() {
  local name="$1" log
  shift
  log="build/log/${name// /-}.log"
  local start=$SECONDS
  if "$@" >"$log" 2>&1; then
    passed=$((passed + 1))
    echo "ok    $name ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1))
    failures+=("$name")
    echo "FAIL  $name ($((SECONDS - start)) s); the end of $log:"
    tail -n 60 "$log"
  fi
}

build() {
  local start=$SECONDS
  if ./dev build "$1" >"build/log/build-$1.log" 2>&1; then
    echo "built $1 ($((SECONDS - start)) s)"
  else
    echo "FAIL  build $1; the end of build/log/build-$1.log:"
    grep -E 'error|FAILED' "build/log/build-$1.log" | head -n 40
    tail -n 30 "build/log/build-$1.log"
    failed=$((failed + 1))
    failures+=("build $1")
    return 1
  fi
}

# ctest_label PRESET LABEL JOBS [ENV…]
ctest_label() {
  local preset="$1" label="$2" jobs="$3" log="build/log/ctest-$1-$2.log" start=$SECONDS ok bad
  ctest --test-dir "build/$preset" -L "^$label\$" -j "$jobs" --output-on-failure --no-tests=error >"$log" 2>&1
  local code=$?
  ok=$(grep -cE 'Test +#[0-9]+: .* Passed' "$log")
  bad=$(grep -cE 'Test +#[0-9]+: .*(\*\*\*|Failed|Not Run)' "$log")
  if [ $code -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
  passed=$((passed + ok))
  failed=$((failed + bad))
  echo "$label in $preset: $ok programs passed, $bad failed ($((SECONDS - start)) s)"
  if [ $code -ne 0 ]; then
    failures+=("$label in $preset")
    grep -vE '^ *[0-9]+/[0-9]+ .*Passed|^ *Start ' "$log" | tail -n 200
  fi
}

unit() { build dev && ctest_label dev unit 2; }
conformance() { build dev && ctest_label dev conformance 1; }
sanitizers() {
  export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
  export LSAN_OPTIONS="suppressions=$PWD/tests/leaks.supp:print_suppressions=0"
  export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:suppressions=$PWD/tests/races.supp"
  build asan && ctest_label asan unit 2
  build tsan && ctest_label tsan unit 2
}
# acceptance_file FILE: one acceptance program; prints its outcome at once, and the end of its log where it failed.
acceptance_file() {
  local name log start=$SECONDS
  name=$(basename "$1" .py)
  log="build/log/acceptance-$name.log"
  if python3 -B "$1" >"$log" 2>&1; then
    echo "ok    acceptance $name ($((SECONDS - start)) s)"
  else
    printf '%s\n' "FAIL  acceptance $name ($((SECONDS - start)) s); the end of $log:
$(tail -n 60 "$log")"
  fi
}
export -f acceptance_file

# acceptance_files JOBS FILE…
acceptance_files() {
  local jobs="$1" out=build/log/acceptance.log ok bad
  shift
  printf '%s\0' "$@" | xargs -0 -P "$jobs" -I{} bash -c 'acceptance_file {}' | tee "$out"
  ok=$(grep -c '^ok ' "$out")
  bad=$(grep -c '^FAIL ' "$out")
  passed=$((passed + ok))
  failed=$((failed + bad))
  if [ $((ok + bad)) -ne $# ]; then failed=$((failed + 1)); bad=1; fi
  if [ "$bad" -ne 0 ]; then failures+=("acceptance"); fi
}

# Two programs at a time, the long ones first: they wait for servers more than they compute. What looks at the whole
# machine runs alone: the lab's own test, and the quick start.
acceptance() {
  build dev || return
  local -a files
  mapfile -t files < <(find tests/acceptance -name 'test_*.py' ! -name test_quickstart.py -printf '%s %p\n' | sort -rn | cut -d' ' -f2)
  # First and alone: it makes the lab's image, for which all the others would wait.
  ctest_label dev acceptance 1
  acceptance_files 2 "${files[@]}"
  acceptance_files 1 tests/acceptance/test_quickstart.py
}

case "$part" in
  all)
    count "check" scripts/check.sh
    unit
    conformance
    # Acceptance tests wait for servers more than they compute: the sanitizers' programs are built beside them.
    { nice -n 10 ./dev build asan; nice -n 10 ./dev build tsan; } >build/log/build-ahead.log 2>&1 &
    acceptance
    wait
    sanitizers
    ;;
  unit | conformance | sanitizers | acceptance) "$part" ;;
  *) echo "no such part: $part (all, unit, conformance, sanitizers, acceptance)" >&2; exit 2 ;;
esac

if [ ${#failures[@]} -gt 0 ]; then printf 'failed: %s\n' "${failures[@]}"; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
