# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Scratch environments with what AioGuest is compared with.  Sourced (bash).
#
#   aioguest_peers DIR    makes them below DIR, or takes what is there; sets
#                         AIOGUEST_PYTHONS (interpreter by environment) and
#                         AIOGUEST_PEER_OPTIONS (the same for driver.py)
#
# Two of them: "default" on top of the interpreter's own PyGObject, and
# "pygobject" with the newest PyGObject of the package index, which some peers
# want.  What can't be installed is left out, with a line.

declare -gA AIOGUEST_PYTHONS=()
declare -ga AIOGUEST_PEER_OPTIONS=()

_aioguest_pip () {
  local environment=$1 log=$2
  shift 2
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
    --no-input --timeout 30 --retries 1 "$@" </dev/null >>"$log" 2>&1
}

# A word that begins with "+" is installed without what it depends on: some
# want a PyGObject older than the one that they are to run with.
_aioguest_environment () {
  local name=$1 dir=$2 package complete=1
  local environment=$dir/$name log=$dir/$name.log
  local -a options
  shift 2
  mkdir -p "$dir"
  if [ "$(cat "$environment/.complete" 2>/dev/null)" != "$*" ] && [ "${AIOGUEST_SKIP_INSTALL:-0}" != 1 ]; then
    : > "$log"
    if ! "$AIOGUEST_PYTHON" -m venv --clear --system-site-packages "$environment" >>"$log" 2>&1; then
      _aioguest_say "skipped: environment $name: $(tail -n 1 "$log")"
      return 1
    fi
    for package in "$@"; do
      options=()
      [ "${package#+}" = "$package" ] || options=(--no-deps)
      if ! _aioguest_pip "$environment" "$log" "${options[@]}" "${package#+}"; then
        _aioguest_say "skipped: ${package#+} can't be installed: $(grep -i error "$log" | tail -n 1)"
        # Without the PyGObject that it is for, the environment is for nothing.
        [ "${package#PyGObject}" = "$package" ] || { rm -rf "$environment"; return 1; }
        complete=0
      fi
    done
    # What could not be had is tried again the next time, and so are other packages.
    [ $complete = 0 ] || printf '%s\n' "$*" > "$environment/.complete"
  fi
  [ -x "$environment/bin/python" ]
}

# Is the interpreter's own PyGObject as new as this?
_aioguest_has_pygobject () {
  "$AIOGUEST_PYTHON" - "$1" <<'PYTHON'
import sys
import gi
sys.exit(gi.version_info < tuple(map(int, sys.argv[1].split('.'))))
PYTHON
}

aioguest_peers () {
  local name
  if _aioguest_environment default "$1" uvloop websockets aioguest trio +gbulb +asyncio-glib; then
    AIOGUEST_PYTHONS[default]=$1/default/bin/python
  else
    AIOGUEST_PYTHONS[default]=$AIOGUEST_PYTHON
  fi
  if _aioguest_has_pygobject 3.56; then
    _aioguest_say "skipped: environment pygobject: the interpreter's own PyGObject is as new"
  elif _aioguest_environment pygobject "$1" 'PyGObject>=3.56' websockets +gbulb; then
    AIOGUEST_PYTHONS[pygobject]=$1/pygobject/bin/python
  fi
  for name in "${!AIOGUEST_PYTHONS[@]}"; do
    AIOGUEST_PEER_OPTIONS+=(--python "$name=${AIOGUEST_PYTHONS[$name]}")
  done
}
