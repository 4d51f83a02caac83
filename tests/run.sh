#!/bin/bash
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The one command for all tests: installs what is missing, builds, runs
# `meson test`, and ends with the line "N passed, N failed, N skipped" over the
# test cases.  The exit status is 0 if some passed and none failed, 2 for a
# wrong option.

set -u -o pipefail

usage () {
  cat <<'USAGE'
usage: tests/run.sh [OPTION...] [TEST...]

Without arguments all tests run but those of the suite `repeated`; TEST names single ones as
`meson test` does.

  --suite NAME      only the tests of this suite (may be given again)
  --no-suite NAME   leave the tests of this suite out (may be given again)

and one of these at most, which runs another set-up than the ordinary one:

  --coverage        measure what the tests cover of the C and the Python code
  --sanitize        with AddressSanitizer and UndefinedBehaviorSanitizer: C and Python tests
  --threads         the C tests, with ThreadSanitizer
  --memcheck        the C tests under valgrind's memcheck, leaks included
  --release-gcc     C and core Python tests, built by gcc for release, warnings being errors
  --release-clang   the same by clang, without the checks of arguments
  --fuzz            libFuzzer looks for sequences of events that the C library fails on
  --check           no code is run, but read: clang-tidy, cppcheck, flake8, mypy

  --nightly         all tests, also those that repeat what others show in another way
  --list            print the names of the tests and run none
  --help            this text

AIOGUEST_PYTHON        interpreter with PyGObject (default: /usr/bin/python3)
AIOGUEST_BUILD_DIR     build directory (default: below _build/)
AIOGUEST_SKIP_INSTALL  1: install no packages
USAGE
}

wrong_usage () {
  printf 'run.sh: %s\n' "$1" >&2
  usage >&2
  exit 2
}

# Nothing was tested, which is no success.
give_up () {
  printf 'run.sh: %s\n\n0 passed, 1 failed, 0 skipped\n' "$1"
  exit 1
}

list=0
nightly=0
setup=
selection=()
named=0
while [ $# -gt 0 ]; do
  case "$1" in
    --suite|--no-suite)
      if [ $# -lt 2 ] || [ -z "$2" ]; then
        wrong_usage "$1 needs a name"
      fi
      selection+=("$1" "$2")
      shift
      ;;
    --suite=?*|--no-suite=?*) selection+=("${1%%=*}" "${1#*=}") ;;
    --list) list=1 ;;
    --nightly) nightly=1 ;;
    --coverage|--sanitize|--threads|--memcheck|--release-gcc|--release-clang|--fuzz|--check)
      if [ -n "$setup" ] && [ "$setup" != "${1#--}" ]; then
        wrong_usage "--$setup and $1 exclude each other"
      fi
      setup=${1#--}
      ;;
    --help|-h) usage; exit 0 ;;
    -*) wrong_usage "unknown option '$1'" ;;
    *) selection+=("$1"); named=1 ;;
  esac
  shift
done

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
. "$source_dir/build-aux/setup.sh"

groups=(build tests)
options=(-Dtests=true -Dexamples=true)
# That of meson.
meson_setup=
default_selection=()
release=(-Doptimization=3 -Db_lto=true -Db_ndebug=true -Dwerror=true)
# What a set-up has of its own.
case "$setup" in
  coverage)
    groups+=(coverage)
    # Assertions are no branches that a test could take, and Python's macros are full of them.
    # Threads count at the same time. What counts is linked with what writes it down, for a process
    # that does so itself (tests/coverage/sitecustomize.py).
    options+=(-Db_coverage=true -Dbuildtype=debug -Db_ndebug=true
              -Dc_args=-fprofile-update=atomic
              -Dc_link_args="-Wl,--undefined=__gcov_dump,--undefined=__gcov_reset")
    meson_setup=coverage
    whole_suite=$([ ${#selection[@]} = 0 ] && echo 1)
    ;;
  sanitize)
    options+=(-Db_sanitize=address,undefined -Db_lundef=false)
    meson_setup=sanitize
    default_selection=(--suite c --suite python)
    ;;
  threads)
    # Python would have to be built with it.
    options=(-Dtests=true -Dexamples=false -Dintrospection=disabled
             -Db_sanitize=thread -Db_lundef=false)
    meson_setup=threads
    default_selection=(--suite c)
    ;;
  memcheck)
    options=(-Dtests=true -Dexamples=false -Dintrospection=disabled)
    meson_setup=memcheck
    default_selection=(--suite c)
    ;;
  release-gcc)
    export CC=gcc
    options+=("${release[@]}")
    default_selection=(--suite c --suite core)
    ;;
  release-clang)
    export CC=clang
    groups+=(clang)
    options+=("${release[@]}" -Dc_args=-DG_DISABLE_CHECKS)
    default_selection=(--suite c --suite core)
    ;;
  fuzz)
    export CC=clang
    groups+=(fuzz)
    options=(-Dtests=true -Dexamples=false -Dintrospection=disabled -Dfuzz=true
             -Db_sanitize=address,undefined -Db_lundef=false)
    default_selection=(--suite fuzz)
    ;;
  check)
    export CC=clang
    groups+=(check)
    options+=(-Dcheckers=true -Dwerror=true)
    default_selection=(--suite static)
    ;;
esac
[ ${#selection[@]} -gt 0 ] || selection=(${default_selection[@]+"${default_selection[@]}"})
if [ $nightly = 1 ]; then
  export AIOGUEST_NIGHTLY=1
  # Some tests do five times as much then. Set-ups have multipliers of their own.
  [ -n "$setup" ] || selection+=(--timeout-multiplier 5)
elif [ $named = 0 ]; then
  case "$setup" in
    # Rounds by the stock tick are Python code.
    sanitize|release-*) selection+=(--no-suite stock) ;;
    # The aims are those of both ticks.
    coverage) ;;
    *) selection+=(--no-suite repeated) ;;
  esac
fi
if [ -n "$setup" ]; then
  AIOGUEST_BUILD_DIR=${AIOGUEST_BUILD_DIR:-$(_aioguest_default_build_dir)}-$setup
fi
aioguest_install "${groups[@]}" </dev/null || give_up "set-up failed, see above"
aioguest_build "${options[@]}" </dev/null || give_up "the build failed, see above"

if [ $list = 1 ]; then
  exec meson test -C "$AIOGUEST_BUILD_DIR" --no-rebuild --list "${selection[@]}"
fi

# A log of an earlier run must not be taken for this one's.
logbase=testlog-run
rm -f "$AIOGUEST_BUILD_DIR/meson-logs/$logbase"[-.]* "$AIOGUEST_BUILD_DIR/meson-logs/sanitizer".*

if [ "$setup" = coverage ]; then
  # Every Python process finds the module that has it measured; what an earlier run found is not
  # this one's.
  export AIOGUEST_COVERAGE=$AIOGUEST_BUILD_DIR/coverage
  export COVERAGE_PROCESS_START=$source_dir/tests/coverage/coveragerc
  export PYTHONPATH=$source_dir/tests/coverage${PYTHONPATH:+:$PYTHONPATH}
  rm -rf "$AIOGUEST_COVERAGE"
  mkdir -p "$AIOGUEST_COVERAGE"
  find "$AIOGUEST_BUILD_DIR" -name '*.gcda' -delete
fi

# One test more than there are processors: most tests wait now and then.
meson test -C "$AIOGUEST_BUILD_DIR" --no-rebuild --logbase "$logbase" --num-processes $(($(nproc) + 1)) \
      ${meson_setup:+--setup "$meson_setup"} "${selection[@]}" </dev/null
meson_status=$?
also_failed=()
if [ "$setup" = coverage ]; then
  if ! "$source_dir/tests/coverage/report.sh" "$source_dir" "$AIOGUEST_BUILD_DIR"; then
    also_failed=(--failed "the coverage could not be measured")
  elif [ "$whole_suite" = 1 ]; then
    # The aims are for all the tests together.
    while read -r missed; do
      also_failed+=(--failed "$missed")
    done < "$AIOGUEST_COVERAGE/missed"
  fi
fi
# Of whatever process: a test may have taken the death of one for the one it wanted.
for report in "$AIOGUEST_BUILD_DIR/meson-logs/sanitizer".*; do
  if grep -qs '^SUMMARY: ' "$report"; then
    cat "$report"
    meson_status=1
  fi
done
echo
"$AIOGUEST_PYTHON" "$source_dir/tests/report.py" \
  --logbase "$logbase${meson_setup:+-$meson_setup}" "$AIOGUEST_BUILD_DIR" \
  --meson-status "$meson_status" ${also_failed[@]+"${also_failed[@]}"}
