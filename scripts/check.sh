#!/usr/bin/env bash
# ./dev check: what a reviewer should not have to say.
set -uo pipefail
status=0

echo "format"
git ls-files '*.cc' '*.h' | xargs clang-format --dry-run -Werror 2>build/log/format.log ||
  { grep -oE '^[^:]+:[0-9]+' build/log/format.log | sort -u | head -n 20; echo "run ./dev format"; status=1; }

echo "shell"
git ls-files '*.sh' dev .ci/run | xargs shellcheck -S warning || status=1

echo "layers"
python3 -B scripts/layers.py || status=1

echo "words"
if git grep -nE '(TODO|FIXME|XXX)\b' -- '*.cc' '*.h' '*.py' '*.sh' '*.cmake' ':!scripts/check.sh'; then
  echo "open ends do not land"
  status=1
fi

echo "generated files"
if [ -x build/dev/bin/podwright-docgen ]; then
  build/dev/bin/podwright-docgen --check || { echo "run build/dev/bin/podwright-docgen"; status=1; }
fi
exit $status
