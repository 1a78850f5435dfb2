#!/usr/bin/env bash
# ./dev package [PRESET]: builds the four programs and packages them. What is made, and for whom: docs/install.md.
set -euo pipefail
preset="$1"
mkdir -p build/log
cmake --preset "$preset" >"build/log/configure-$preset.log" 2>&1 || { cat "build/log/configure-$preset.log"; exit 1; }
cmake --build "build/$preset" --target podwright podwrightd podwright-agent terraform-provider-podwright \
  podwright-registry-docs
exec python3 -B packaging/package.py --bin "build/$preset/bin"
