#!/bin/bash
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# report.sh SOURCE-DIR BUILD-DIR: prints what a test run in BUILD-DIR has covered, of the C code by
# gcovr and of the Python code by coverage.py, and says whether the aims were met.
#
# Of assertions only the lines count: that they fail is not tested.

set -u -o pipefail
source_dir=$1
build_dir=$2
export AIOGUEST_COVERAGE=$build_dir/coverage

declare -A found

echo "== C"
gcovr --root "$source_dir" "$build_dir" \
      --filter "$source_dir/src/" --filter "$source_dir/gi-overrides/AioGuest/_core/" \
      --exclude-unreachable-branches --exclude-throw-branches \
      --exclude-branches-by-pattern '.*\b(g_assert|g_return|G_DEFINE|g_auto|g_steal|g_clear|Py_VISIT|Py_CLEAR|Py_XSETREF|Py_XDECREF|Py_DECREF).*' \
      --gcov-ignore-parse-errors --json-summary "$AIOGUEST_COVERAGE/c.json" --txt "$AIOGUEST_COVERAGE/c.txt" \
  || exit 1
cat "$AIOGUEST_COVERAGE/c.txt"
found[c-lines]=$("$AIOGUEST_PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))["line_percent"])' "$AIOGUEST_COVERAGE/c.json")
found[c-branches]=$("$AIOGUEST_PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))["branch_percent"])' "$AIOGUEST_COVERAGE/c.json")

echo "== Python"
cd "$AIOGUEST_COVERAGE" || exit 1
"$AIOGUEST_PYTHON" -m coverage combine --quiet --rcfile "$source_dir/tests/coverage/coveragerc" || exit 1
"$AIOGUEST_PYTHON" -m coverage report --show-missing --rcfile "$source_dir/tests/coverage/coveragerc"
found[python-lines]=$("$AIOGUEST_PYTHON" -m coverage json -q -o - --rcfile "$source_dir/tests/coverage/coveragerc" \
  | "$AIOGUEST_PYTHON" -c 'import json, sys; t = json.load(sys.stdin)["totals"]; print(round(100 * t["covered_lines"] / t["num_statements"], 1))')

echo
for aim in c-lines:95 c-branches:85 python-lines:95; do
  name=${aim%:*}
  if awk "BEGIN { exit !(${found[$name]} >= ${aim#*:}) }"; then verdict=reached; else verdict="NOT reached"; fi
  printf 'coverage: %-13s %5s %%, aim %s %% %s\n' "$name" "${found[$name]}" "${aim#*:}" "$verdict"
done

