# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The stages, sourced by .ci/run: which there are, and what each of them runs.

# Of every submission, in this order: what is quick to fail comes first.
submission_stages=(check host trixie testing
                   sanitize flatpak python3.12 threads memcheck release-gcc release-clang fuzz)
# Of a nightly run, which has nothing left out.
nightly_stages=(check host coverage trixie testing storms soak debug-python
                sanitize flatpak python3.12 threads memcheck release-gcc release-clang fuzz)
# These run beside the others, whose tests often wait.
background_stages=(sanitize flatpak python3.12 threads memcheck release-gcc release-clang fuzz)

# The Debian packages of this system's stages (groups of build-aux/setup.sh).
host_groups=(build tests coverage clang fuzz check pygobject flatpak)

# Seconds.
stage_limit=1500
nightly_stage_limit=7200

# is_among NAME LIST...
is_among () {
  local name=$1 other
  shift
  for other; do
    [ "$name" != "$other" ] || return 0
  done
  return 1
}

# Starts what a stage needs to be there; run_stage waits for it.
declare -A preparing
begin_preparing () {
  case "$1" in
    trixie|testing) prepare_root "$1" "$1" build tests & ;;
    soak) prepare_root soak trixie build tests benchmarks & ;;
    python3.12) prepare_python312 & ;;
    flatpak) prepare_flatpak & ;;
    *) return ;;
  esac
  preparing[$1]=$!
}

# is_prepared STAGE: waits until it is; if that did not work out, records so.
is_prepared () {
  local outcome
  while kill -0 "${preparing[$1]}" 2>/dev/null; do
    sleep 1
  done
  outcome=$(tail -n 1 "$work_dir/$1-root")
  case "$outcome" in
    ready) return 0 ;;
    failed:*|'')
      cat "$work_dir/$1-root.log"
      outcome=${outcome:-its preparation broke off}
      fail "$1" "${outcome#failed: }" 0
      ;;
    *)
      tail -n 5 "$work_dir/$1-root.log" 2>/dev/null
      skip_loudly "$1" "$outcome" 0
      ;;
  esac
  return 1
}

title_of_root () {
  printf '%s (%s)\n' "$1" "$(. "$work_dir/$1/etc/os-release"; echo "$PRETTY_NAME")"
}

# run_stage STAGE
run_stage () {
  local -a nightly=()
  [ $is_nightly = 0 ] || nightly=(--nightly)
  printf '\n======== %s ========\n\n' "$1"

  case "$1" in
    host)
      if [ $is_nightly = 1 ]; then
        run_tests host host tests/run.sh --nightly
      else
        run_tests host "host, coverage" tests/run.sh --coverage
      fi
      ;;
    coverage)
      run_tests coverage coverage tests/run.sh --coverage --nightly ;;
    trixie)
      ! is_prepared trixie \
        || run_tests trixie "$(title_of_root trixie)" run_in_root trixie tests/run.sh "${nightly[@]}"
      ;;
    testing)
      # What is installed, what the registry of Python has and the benchmarks are tried on one platform.
      [ $is_nightly = 1 ] || nightly=(--no-suite install --no-suite venv --no-suite benchmarks)
      ! is_prepared testing \
        || run_tests testing "$(title_of_root testing)" run_in_root testing tests/run.sh "${nightly[@]}"
      ;;
    python3.12)
      ! is_prepared python3.12 \
        || run_tests python3.12 python3.12 run_with_python312 \
             tests/run.sh --suite python --suite conformance --suite examples "${nightly[@]}"
      ;;
    flatpak)
      ! is_prepared flatpak \
        || run_tests flatpak flatpak in_flatpak_home \
             .ci/flatpak/check "$work_dir/flatpak" "$flatpak_manifest"
      ;;
    sanitize|threads|memcheck|release-gcc|check)
      run_tests "$1" "$1" tests/run.sh "--$1" "${nightly[@]}" ;;
    release-clang)
      # Of the two release builds, one is tested whole.
      [ $is_nightly = 1 ] || nightly=(--suite c)
      run_tests release-clang release-clang tests/run.sh --release-clang "${nightly[@]}"
      ;;
    fuzz)
      export AIOGUEST_FUZZ_SECONDS=${AIOGUEST_FUZZ_SECONDS:-$([ $is_nightly = 1 ] && echo 1200 || echo 30)}
      run_tests fuzz fuzz tests/run.sh --fuzz "${nightly[@]}"
      ;;
    storms)
      AIOGUEST_STORM_RUNS=100 AIOGUEST_STORM=10000 AIOGUEST_TEST_WATCHDOG=3000 \
        run_tests storms storms tests/run.sh \
          python/test_storm/native python/test_storm/stock \
          python/test_nested_storm/native python/test_nested_storm/stock \
          python/test_greenlets/native python/test_greenlets/stock \
          python/test_gtk4/native python/test_gtk4/stock \
          venv/test_greenback/native venv/test_greenback/stock \
          venv/test_sqlalchemy/native venv/test_sqlalchemy/stock
      ;;
    soak)
      # On Debian 12 PyGObject itself loses memory.
      ! is_prepared soak \
        || run_tests soak "$(title_of_root soak)" run_in_root soak .ci/soak 10
      ;;
    debug-python)
      build-aux/setup.sh debug-python 2>&1 | tee "$work_dir/debug-python.log"
      if [ "${PIPESTATUS[0]}" = 0 ]; then
        AIOGUEST_PYTHON=/usr/bin/python3-dbg \
        AIOGUEST_BUILD_DIR=$source_dir/_build/debug-python \
          run_tests debug-python debug-python tests/run.sh --suite python --nightly
      elif is_download_failure "$work_dir/debug-python.log"; then
        skip_loudly debug-python "its packages could not be downloaded" 0
      else
        fail debug-python "build-aux/setup.sh" 0
      fi
      ;;
  esac
}

# run_tests STAGE TITLE COMMAND...: the command, with the arguments for tests/run.sh too, and records
# its count.
run_tests () {
  local stage=$1 title=$2 started=$SECONDS limit=$stage_limit status
  shift 2
  [ $is_nightly = 0 ] || limit=$nightly_stage_limit
  {
    # A shell of its own, for `timeout` runs programs, no functions.
    timeout --kill-after=30 "$limit" bash -c '"$@"' bash "$@" ${arguments[@]+"${arguments[@]}"}
    echo $? > "$work_dir/$stage.status"
  } 2>&1 | tee "$work_dir/$stage.log" &
  wait $!
  status=$(cat "$work_dir/$stage.status")
  record_tests "$stage" "$title" "$status" $((SECONDS - started))
}
