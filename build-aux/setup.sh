#!/bin/bash
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Set-up shared by examples/run.sh, tests/run.sh and benchmarks/run.sh: Debian
# packages, the interpreter, the build directory and the environment for
# uninstalled use.
#
# Sourced (bash) it gives these functions:
#   aioguest_install GROUP...           install what is missing (build, demo, tests,
#                                       benchmarks, ...)
#   aioguest_find_python                set AIOGUEST_PYTHON, an interpreter that has gi
#   aioguest_build [MESON-OPTION...]    configure and compile, set AIOGUEST_BUILD_DIR;
#                                       with --if-new first, the options are for a
#                                       new directory only
#   aioguest_devenv                     export the environment of the build directory
#   aioguest_has_display                is there a display a window can open on?
#
# Called, it does the same for what it is told:
#   build-aux/setup.sh [--build] [GROUP...] [-- MESON-OPTION...]
#
# It asks nothing, and with everything in place it touches neither the network
# nor the system.  AIOGUEST_SKIP_INSTALL=1 keeps it from installing anything.

AIOGUEST_SOURCE_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# A bare root file system sets no locale; GLib and meson want UTF-8.
if [ -z "${LC_ALL:-}${LC_CTYPE:-}${LANG:-}" ]; then
  export LC_ALL=C.UTF-8
fi

_aioguest_say () { printf 'setup: %s\n' "$*" >&2; }

_aioguest_is_installed () {
  case "$(dpkg-query -W -f '${db:Status-Status} ' "$1" 2>/dev/null)" in
    *'installed '*) ;;
    *) return 1 ;;
  esac
  # "not-installed" contains the word as well.
  dpkg-query -W -f '${db:Status-Status}\n' "$1" | grep -qx installed
}

# The version of Debian's python3, as in "3.13": what is installed, else what
# apt would install.  Prints nothing when neither is known (yet).
_aioguest_python_version () {
  local version
  version=$(dpkg-query -W -f '${Version}' python3 2>/dev/null)
  if [ -z "$version" ]; then
    version=$(LC_ALL=C apt-cache policy python3 2>/dev/null \
                | sed -n 's/^ *Candidate: *//p')
  fi
  printf '%s\n' "$version" | sed -n 's/^\([0-9]*\.[0-9]*\).*/\1/p'
}

# Is there such a package, as far as apt knows?
_aioguest_is_known () {
  LC_ALL=C apt-cache show --no-all-versions "$1" >/dev/null 2>&1
}

# Every name below exists in Debian 12, Debian 13 and Debian testing, but for
# those that are asked about.
_aioguest_packages () {
  local version
  case "$1" in
    build)
      echo meson ninja-build gcc libc6-dev pkg-config libglib2.0-dev \
           gobject-introspection libgirepository1.0-dev python3 python3-dev \
           python3-gi python-gi-dev valac
      ;;
    demo)
      echo python3 python3-gi python3-aiohttp gir1.2-gtk-4.0 \
           adwaita-icon-theme librsvg2-common fonts-dejavu-core xvfb
      ;;
    tests)
      echo python3 python3-gi python3-pytest python3-pytest-asyncio python3-aiohttp python3-greenlet gir1.2-gtk-4.0 \
           gir1.2-gtk-3.0 gir1.2-adw-1 adwaita-icon-theme librsvg2-common \
           fonts-dejavu-core xvfb xauth xdotool dbus libuv1-dev gjs valgrind netbase python3-pyqt5 \
           python3-venv ca-certificates
      # CPython keeps its own test-suite in a package per version.
      version=$(_aioguest_python_version)
      if [ -n "$version" ]; then
        echo "libpython$version-testsuite"
      fi
      ;;
    benchmarks)
      echo python3 python3-gi python3-aiohttp python3-matplotlib python3-venv \
           gir1.2-gtk-4.0 adwaita-icon-theme librsvg2-common fonts-dejavu-core \
           xvfb wrk strace git libcairo2-dev
      # A PyGObject newer than Debian's, which some peers want, is built with it.
      if _aioguest_is_known libgirepository-2.0-dev; then
        echo libgirepository-2.0-dev
      fi
      ;;
    coverage)
      echo gcovr python3-coverage
      ;;
    clang)
      echo clang
      ;;
    fuzz)
      echo clang libclang-rt-dev
      ;;
    pygobject)
      # What pip builds a PyGObject with.
      echo libcairo2-dev libgirepository1.0-dev pkg-config gcc python3-dev
      ;;
    debug-python)
      echo python3-dbg python3-gi-dbg
      ;;
    check)
      echo clang clang-tidy cppcheck python3-flake8 mypy desktop-file-utils appstream
      ;;
    flatpak)
      echo flatpak flatpak-builder ostree bubblewrap elfutils patch xvfb xdotool \
           appstream appstream-compose librsvg2-common
      ;;
    *)
      return 1
      ;;
  esac
}

# Prints those packages of the groups that are not installed.
_aioguest_missing () {
  local group package
  for group in "$@"; do
    for package in $(_aioguest_packages "$group"); do
      _aioguest_is_installed "$package" || printf '%s\n' "$package"
    done
  done | sort -u
}

aioguest_install () {
  local group missing
  local -a as_root=()

  for group in "$@"; do
    if ! _aioguest_packages "$group" >/dev/null; then
      _aioguest_say "no such group of packages: '$group' (there are: build, demo, tests, benchmarks, coverage, clang, fuzz, pygobject, debug-python, check, flatpak)"
      return 2
    fi
  done

  if [ "${AIOGUEST_SKIP_INSTALL:-0}" = 1 ]; then
    return 0
  fi
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    _aioguest_say "this is no Debian system (no dpkg-query or apt-get)."
    _aioguest_say "Install the counterparts of these packages, then set AIOGUEST_SKIP_INSTALL=1:"
    for group in "$@"; do
      _aioguest_say "  $(_aioguest_packages "$group")"
    done
    return 1
  fi

  missing=$(_aioguest_missing "$@")
  if [ -z "$missing" ]; then
    return 0
  fi

  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      _aioguest_say "missing packages, and neither root nor sudo to install them:" $missing
      return 1
    fi
    as_root=(sudo)
  fi

  _aioguest_say "installing:" $missing
  local -a apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
                apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)

  if ! "${apt[@]}" update </dev/null >&2; then
    _aioguest_say "'apt-get update' failed; its messages stand above."
    return 1
  fi
  # Only now, in a bare root, is it known which Python there will be.
  missing=$(_aioguest_missing "$@")
  if ! "${apt[@]}" install -y --no-install-recommends $missing </dev/null >&2; then
    _aioguest_say "'apt-get install' failed; its messages stand above.  Wanted:" $missing
    return 1
  fi

  missing=$(_aioguest_missing "$@")
  if [ -n "$missing" ]; then
    _aioguest_say "apt-get succeeded, yet these are not installed:" $missing
    return 1
  fi
}

# The python3 on the PATH may be one without PyGObject.
aioguest_find_python () {
  local candidate
  for candidate in ${AIOGUEST_PYTHON:+"$AIOGUEST_PYTHON"} /usr/bin/python3 python3; do
    if "$candidate" -c 'import gi' >/dev/null 2>&1; then
      AIOGUEST_PYTHON=$(command -v "$candidate")
      export AIOGUEST_PYTHON
      return 0
    fi
    if [ "$candidate" = "${AIOGUEST_PYTHON:-}" ]; then
      _aioguest_say "AIOGUEST_PYTHON is '$candidate', which cannot import gi (PyGObject)"
      return 1
    fi
  done
  _aioguest_say "no python3 with PyGObject (gi) found; set AIOGUEST_PYTHON to one"
  return 1
}

# One source tree may be seen by several systems (containers, network mounts):
# each gets a build directory of its own.
_aioguest_default_build_dir () {
  local platform
  platform=$(. /etc/os-release 2>/dev/null
             printf '%s-%s' "${ID:-unknown}" "${VERSION_ID:-${VERSION_CODENAME:-rolling}}")
  printf '%s/_build/%s-%s\n' "$AIOGUEST_SOURCE_DIR" "$platform" "$(uname -m)"
}

aioguest_build () {
  local stamp wanted if_new=0

  if [ "${1:-}" = --if-new ]; then
    if_new=1
    shift
  fi
  aioguest_find_python || return 1
  AIOGUEST_BUILD_DIR=${AIOGUEST_BUILD_DIR:-$(_aioguest_default_build_dir)}
  export AIOGUEST_BUILD_DIR
  stamp=$AIOGUEST_BUILD_DIR/.setup-options
  wanted=$(printf '%s\n' "python=$AIOGUEST_PYTHON" "$@")

  if [ ! -f "$AIOGUEST_BUILD_DIR/build.ninja" ]; then
    _aioguest_say "configuring $AIOGUEST_BUILD_DIR for $AIOGUEST_PYTHON"
    meson setup "$AIOGUEST_BUILD_DIR" "$AIOGUEST_SOURCE_DIR" \
          -Dpython="$AIOGUEST_PYTHON" "$@" >&2 || return 1
    printf '%s\n' "$wanted" > "$stamp"
  elif [ $if_new = 0 ] && [ "$wanted" != "$(cat "$stamp" 2>/dev/null)" ]; then
    meson setup --reconfigure "$AIOGUEST_BUILD_DIR" "$AIOGUEST_SOURCE_DIR" \
          -Dpython="$AIOGUEST_PYTHON" "$@" >&2 || return 1
    printf '%s\n' "$wanted" > "$stamp"
  fi

  meson compile -C "$AIOGUEST_BUILD_DIR" >&2
}

# `meson devenv COMMAND` would do, but it kills its command a quarter of a
# second after Ctrl-C, which is not enough for a clean end.
aioguest_devenv () {
  local variables status nounset
  variables=$(meson devenv -C "$AIOGUEST_BUILD_DIR" --dump) || return 1
  # The printed lines extend variables that need not be set.
  case $- in *u*) nounset=1 ;; *) nounset=0 ;; esac
  set +u
  eval "$variables"
  status=$?
  if [ $nounset = 1 ]; then
    set -u
  fi
  return $status
}

aioguest_has_display () {
  [ "${AIOGUEST_DISPLAY:-}" != xvfb ] && [ -n "${WAYLAND_DISPLAY:-}${DISPLAY:-}" ]
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  build=0
  groups=()
  while [ $# -gt 0 ]; do
    case "$1" in
      --build) build=1 ;;
      --) shift; break ;;
      -*) _aioguest_say "unknown option '$1'"; exit 2 ;;
      *) groups+=("$1") ;;
    esac
    shift
  done
  aioguest_install "${groups[@]}" || exit
  if [ $build = 1 ]; then
    aioguest_build "$@" || exit
  fi
fi
