#!/bin/bash
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# report.sh SOURCE-DIR BUILD-DIR: prints what a test run in BUILD-DIR has covered, of the C code by
# gcovr and of the Python code by coverage.py, and says whether the aims were met. Those that were not
# are also lines of BUILD-DIR/coverage/missed. Its exit status is 1 if nothing could be measured.
#
# The figures are for the whole suite. Of the C code these branches don't count, only their lines:
#
#   G_DEFINE, G_DECLARE    GLib's code, with casts and type checks that are decided when compiling
#   g_assert               one side is that we have a mistake
#   g_return               AIO_GUEST_IS_RUN() and its like are three branches each, two of them for an
#                          object that is none; what the borders refuse is tested all the same
#   g_auto, g_steal,       tests for NULL in GLib's clean-up of what was never set
#   g_clear
#   Py_VISIT, Py_CLEAR,    tests for NULL and for the last reference; Py_VISIT()'s other side is a
#   Py_XSETREF, Py_DECREF, collector that has found what it looks for
#   Py_XDECREF
#   unreachable, throw     of the compiler's own making: no line has them
#
# Python's macros assert what they are given (PyTuple_GET_ITEM() that it is a tuple): the build of
# tests/run.sh leaves that out. What is not excluded is any handling of errors: faults are injected
# (tests/faults), memory runs out, look-ups raise.

set -u -o pipefail
source_dir=$1
build_dir=$2
export AIOGUEST_COVERAGE=$build_dir/coverage

echo "== C"
gcovr --root "$source_dir" "$build_dir" \
      --filter "$source_dir/src/" --filter "$source_dir/gi-overrides/AioGuest/_core/" \
      --exclude-unreachable-branches --exclude-throw-branches \
      --exclude-branches-by-pattern '.*\b(g_assert|g_return|G_DEFINE|G_DECLARE|g_auto|g_steal|g_clear|Py_VISIT|Py_CLEAR|Py_XSETREF|Py_XDECREF|Py_DECREF).*' \
      --json-summary "$AIOGUEST_COVERAGE/c.json" --txt "$AIOGUEST_COVERAGE/c.txt" \
  || exit 1
cat "$AIOGUEST_COVERAGE/c.txt"

echo "== Python"
cd "$AIOGUEST_COVERAGE" || exit 1
run_coverage () { "$AIOGUEST_PYTHON" -m coverage "$@" --rcfile "$source_dir/tests/coverage/coveragerc"; }
# Without data, as after C tests alone, none is what was covered.
run_coverage combine --quiet && run_coverage report --show-missing && run_coverage json -q -o python.json

echo
"$AIOGUEST_PYTHON" "$source_dir/tests/coverage/aims.py" "$AIOGUEST_COVERAGE"
