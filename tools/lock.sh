#!/usr/bin/env bash
# Pins the dependencies with hashes into requirements/*.txt; the files carry no download addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .venv/bin/uv)
compile() { "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-strip-extras "$@"; }
compile requirements/build.in -o requirements/build.txt
compile pyproject.toml -o requirements/run.txt
compile pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt
for extra in otel postgres; do  # all of run.txt and what the extra adds, as it is tested
    compile pyproject.toml --extra "$extra" -c requirements/run.txt -c requirements/dev.txt -o "requirements/$extra.txt"
done
