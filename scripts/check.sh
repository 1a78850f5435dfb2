#!/usr/bin/env bash
# ./dev check: what a reviewer should not have to say.
set -uo pipefail
status=0
mkdir -p build/log

echo "format"
git ls-files '*.cc' '*.h' | xargs clang-format --dry-run -Werror 2>build/log/format.log ||
  { grep -oE '^[^:]+:[0-9]+' build/log/format.log | sort -u | head -n 20; echo "run ./dev format"; status=1; }

# The linter takes seconds a file: what this branch or work tree changed, everything with LINT=all, nothing with LINT=none.
echo "lint"
if [ "${LINT:-}" != none ] && [ -f build/dev/compile_commands.json ]; then
  if [ "${LINT:-}" = all ]; then
    files=$(git ls-files '*.cc')
  else
    files=$( (git diff --name-only HEAD -- '*.cc'; git diff --name-only main...HEAD -- '*.cc' 2>/dev/null) | sort -u)
  fi
  for file in $files; do
    [ -f "$file" ] && grep -q "/$file\"" build/dev/compile_commands.json && echo "$file"
  done | xargs -r -P 2 -n 4 clang-tidy -p build/dev --quiet 2>/dev/null || status=1
fi

echo "shell"
git ls-files '*.sh' dev .ci/run ':!packaging/lab/finish.sh' | xargs shellcheck -S warning || status=1
shellcheck -S warning -s sh packaging/lab/finish.sh || status=1  # has no first line: it is given to sh
git ls-files 'packaging/debian/*/p*inst' 'packaging/debian/*/p*rm' | xargs shellcheck -S warning || status=1

echo "layers"
python3 -B scripts/layers.py || status=1

echo "words"
if git grep -nE '\b(TODO|FIXME|XXX)\b' -- '*.cc' '*.h' '*.py' '*.sh' '*.cmake' ':!scripts/check.sh'; then
  echo "open ends do not land"
  status=1
fi

echo "generated files"
if [ -x build/dev/bin/podwright-docgen ]; then
  build/dev/bin/podwright-docgen --check docs || { echo "run build/dev/bin/podwright-docgen docs"; status=1; }
fi
if [ -x build/dev/bin/podwright-registry-docs ]; then
  build/dev/bin/podwright-registry-docs --check . || { echo "run build/dev/bin/podwright-registry-docs ."; status=1; }
fi
exit $status
