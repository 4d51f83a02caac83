#!/bin/bash
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The one command for all benchmarks: installs what is missing, builds in
# release mode, makes scratch environments with the peers, measures, and writes
# the report.

set -u -o pipefail

usage () {
  cat <<'USAGE'
usage: benchmarks/run.sh [OPTION...]

  --quick           some ten minutes instead of up to sixty; rough figures
  --only NAME       only scenarios or cases with this in their name (may be given again)
  --system NAME     only this system (may be given again)
  --output DIR      where results and report go; without it, into the source tree
                    (benchmarks/results/, docs/ and the table of README.md), but for
                    --quick, --only or --system into the build directory
  --report          measure nothing, make the report of the results that are there
  --help            this text

AIOGUEST_PYTHON        interpreter with PyGObject (default: /usr/bin/python3)
AIOGUEST_BUILD_DIR     build directory (default: below _build/)
AIOGUEST_SKIP_INSTALL  1: install no packages, Debian's or others
USAGE
}

wrong_usage () {
  printf 'run.sh: %s\n' "$1" >&2
  usage >&2
  exit 2
}

give_up () {
  printf 'run.sh: %s\n' "$1" >&2
  exit 1
}

size=full
output=
partial=0
report_only=0
selection=()
readme=()
while [ $# -gt 0 ]; do
  case "$1" in
    --quick) size=quick; partial=1 ;;
    --only|--system|--output)
      if [ $# -lt 2 ] || [ -z "$2" ]; then
        wrong_usage "$1 needs a value"
      fi
      if [ "$1" = --output ]; then
        output=$2
      else
        selection+=("$1" "$2")
        partial=1
      fi
      shift
      ;;
    --report) report_only=1 ;;
    --help|-h) usage; exit 0 ;;
    *) wrong_usage "unknown option '$1'" ;;
  esac
  shift
done

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 1
source_dir=$(dirname "$here")
. "$source_dir/build-aux/setup.sh"
. "$here/peers.sh"

export PYTHONDONTWRITEBYTECODE=1
aioguest_install build benchmarks </dev/null || give_up "set-up failed, see above"
AIOGUEST_BUILD_DIR=${AIOGUEST_BUILD_DIR:-$(_aioguest_default_build_dir)-benchmarks}
aioguest_build --if-new --buildtype=release -Dtests=false -Dexamples=false </dev/null \
  || give_up "the build failed, see above"

if [ -n "$output" ]; then
  mkdir -p "$output" || exit 1
  output=$(cd "$output" && pwd)
elif [ $partial = 1 ]; then
  output=$AIOGUEST_BUILD_DIR/benchmarks
fi
if [ -n "$output" ]; then
  results=$output
  document=$output/performance.md
else
  results=$here/results
  document=$source_dir/docs/performance.md
  readme=(--readme "$source_dir/README.md")
fi

if [ $report_only = 0 ]; then
  aioguest_peers "$AIOGUEST_BUILD_DIR/peers"
  aioguest_devenv || give_up "no environment of the build directory"

  # Whatever the desktop of this machine has, it is not what is measured.
  export GSETTINGS_BACKEND=memory GIO_USE_VFS=local GTK_USE_PORTAL=0 GTK_A11Y=none \
         NO_AT_BRIDGE=1 GSK_RENDERER=cairo DBUS_SESSION_BUS_ADDRESS=disabled:
  platform=$(cd "$here" && "$AIOGUEST_PYTHON" -c 'import machine; print(machine.platform())')
  ulimit -n "$(ulimit -Hn)" 2>/dev/null
  AIOGUEST_DISPLAY=xvfb "$source_dir/build-aux/with-display.sh" \
    "${AIOGUEST_PYTHONS[default]}" "$here/driver.py" --size "$size" \
    --output "$results/$platform.jsonl" --bytecode "$AIOGUEST_BUILD_DIR/bytecode" "${AIOGUEST_PEER_OPTIONS[@]}" "${selection[@]}" \
    </dev/null || give_up "the measurements failed, see above"
fi

"$AIOGUEST_PYTHON" "$here/report.py" --results "$results" --document "$document" "${readme[@]}" \
  || give_up "no report, see above"
printf 'run.sh: %s\n' "$document" >&2
