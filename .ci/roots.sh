# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Root file systems of other Debians, sourced by .ci/run: each is a directory $work_dir/STAGE, with a
# clean clone in /srv/aioguest.

# In the root file systems: the certificates that pip trusts here.
certificates=/etc/pip-certificates.pem

# Seconds.
root_limit=240
setup_limit=480

# run_in_root STAGE COMMAND...: runs it in the clone.
run_in_root () {
  # The process namespace ends whatever the tests left running; and the mounts are seen in there only.
  unshare --mount --propagation private --pid --fork --kill-child -- \
    bash -c '
      set -eu
      root=$1
      skip_install=$2
      shift 2
      mount --rbind /dev "$root/dev"
      mount --rbind /sys "$root/sys"
      mount -t proc proc "$root/proc"
      variables=()
      for name in $(compgen -e); do
        case "$name" in
          [a-z]*_proxy|[A-Z]*_PROXY|PIP_*) variables+=("$name=${!name}") ;;
        esac
      done
      if [ -f "$root$certificates" ]; then
        variables+=("PIP_CERT=$certificates")
      fi
      exec chroot "$root" /usr/bin/env -i \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LC_ALL=C.UTF-8 TERM=dumb CI=true AIOGUEST_SKIP_INSTALL="$skip_install" \
        "${variables[@]}" \
        /bin/bash -c "cd /srv/aioguest && exec \"\$@\"" bash "$@"
    ' bash "$work_dir/$1" "${skip_install:-1}" "${@:2}"
}

install_mmdebstrap () {
  command -v mmdebstrap >/dev/null && return 0
  DEBIAN_FRONTEND=noninteractive timeout "$root_limit" apt-get -q update \
    && DEBIAN_FRONTEND=noninteractive timeout "$root_limit" \
         apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends mmdebstrap
}

# make_root DIRECTORY SUITE [OPTION...]: into $work_dir.
make_root () {
  local -a options=(--variant=minbase)
  if [ "$2" = testing ]; then
    # A snapshot of testing is out of date after a week.
    options+=('--aptopt=Acquire::Check-Valid-Until "false"')
  fi
  timeout "$root_limit" mmdebstrap "${options[@]}" "${@:3}" "$2" "$work_dir/$1"
}

# copy_pip_settings STAGE
copy_pip_settings () {
  local root=$work_dir/$1 file
  # Its own file: Debian's is written anew when its package is installed.
  for file in "${PIP_CERT:-}" "${REQUESTS_CA_BUNDLE:-}" "${SSL_CERT_FILE:-}" \
              /etc/ssl/certs/ca-certificates.crt; do
    if [ -f "$file" ]; then
      install -D -m 644 "$file" "$root$certificates" || return
      break
    fi
  done
  # The files, and the constraints that they name.
  { python3 -m pip config debug 2>/dev/null || true; } \
    | sed -n -e 's/^ *\(\/.*\), exists: True$/\1/p' -e 's/^ *[a-z]*\.constraint: //p' \
    | tr -s ' ' '\n' | sort -u \
    | while read -r file; do
        [ -f "$file" ] || continue
        # They may hold passwords.
        install -D -m 600 "$file" "$root${file/#"$HOME/"//root/}" || return
      done
}

copy_clone () {
  git -c safe.directory='*' clone --quiet --no-local "$source_dir" "$work_dir/$1/srv/aioguest"
}

# prepare_root STAGE SUITE GROUP...: makes it and installs the groups of packages (build-aux/setup.sh). The
# output is $work_dir/STAGE-root.log, and the last line of $work_dir/STAGE-root is what came of it:
# "ready", or why the stage is to be skipped, or "failed: WHY".
prepare_root () {
  local stage=$1 suite=$2 log=$work_dir/$1-root.log status
  shift 2
  (
    if [ "$(id -u)" != 0 ]; then
      echo "only root can enter another root file system"
    elif ! make_root "$stage" "$suite" >"$log" 2>&1; then
      echo "its root file system could not be made"
    elif ! { copy_pip_settings "$stage" && copy_clone "$stage"; } >>"$log" 2>&1; then
      echo "failed: its files could not be copied"
    else
      skip_install=0 timeout --kill-after=30 "$setup_limit" \
        bash -c 'run_in_root "$@"' bash "$stage" build-aux/setup.sh "$@" >>"$log" 2>&1
      status=$?
      if [ $status = 0 ]; then
        echo ready
      elif [ $status = 124 ] || is_download_failure "$log"; then
        echo "its packages could not be downloaded"
      else
        echo "failed: build-aux/setup.sh (exit status $status)"
      fi
    fi
  ) > "$work_dir/$stage-root"
}

# Mounts are made in a mount namespace of their own, so none is seen here. If one is all the same, the
# tree stays: deleting it would delete what is mounted.
remove_tree () {
  # As findmnt prints them: without links, and with spaces as they are.
  if findmnt -lno TARGET | grep -qF "$(realpath -m "$1")/"; then
    echo "ci: mounts are left below $1; not deleting it" >&2
  else
    rm -rf --one-file-system "$1"
  fi
}

# `timeout` runs programs, no functions: hand this one to a shell of its own.
export -f run_in_root
export certificates
