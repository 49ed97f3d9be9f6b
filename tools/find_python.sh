#!/usr/bin/env bash
# Prints an interpreter of the version named: on PATH, or from pyenv.
set -euo pipefail
for candidate in "python$1" "$HOME"/.pyenv/versions/"$1".*/bin/python; do
  if "$candidate" -c "import sys; sys.exit(sys.version_info[:2] != tuple(map(int, '$1'.split('.'))))" 2>/dev/null; then
    command -v "$candidate"
    exit 0
  fi
done
echo "no Python $1 found: install it or put python$1 on PATH" >&2
exit 1
