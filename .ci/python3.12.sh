# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Python 3.12 with PyGObject 3.48, the pair of Ubuntu 24.04, in a virtual environment on this system; sourced
# by .ci/run.

# Prints the first interpreter that runs.
find_python312 () {
  local candidate
  for candidate in "${AIOGUEST_PYTHON312:-}" python3.12 \
                   "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python3.12; do
    if [ "$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = 3.12 ]; then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}

# prepare_python312: as prepare_root, into $work_dir/python3.12.
prepare_python312 () {
  local log=$work_dir/python3.12-root.log environment=$work_dir/python3.12 python
  (
    if ! python=$(find_python312); then
      echo "there is no Python 3.12 (AIOGUEST_PYTHON312 can name one)"
    elif ! "$python" -m venv "$environment" >"$log" 2>&1; then
      echo "failed: no virtual environment"
    elif ! timeout --kill-after=30 "$setup_limit" \
             "$environment/bin/python" -m pip install --quiet --no-input \
             --disable-pip-version-check -r "$source_dir/.ci/python3.12.txt" >>"$log" 2>&1; then
      if is_download_failure "$log"; then
        echo "its packages could not be downloaded"
      else
        echo "failed: pip install"
      fi
    else
      echo ready
    fi
  ) > "$work_dir/python3.12-root"
}

# run_with_python312 COMMAND...
run_with_python312 () {
  (
    cd "$source_dir" || exit
    export PATH=$work_dir/python3.12/bin:$PATH
    export AIOGUEST_PYTHON=$work_dir/python3.12/bin/python
    # Meson remembers the interpreter, whose directory is another one next time.
    export AIOGUEST_BUILD_DIR=$work_dir/python3.12/build
    export AIOGUEST_SKIP_INSTALL=1
    "$@"
  )
}
export -f run_with_python312
