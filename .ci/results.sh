# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What came of the stages, sourced by .ci/run. A stage has two files in $work_dir: STAGE.log,
# all it printed, and STAGE.result, the line
#
#   PASSED FAILED SKIPPED SECONDS TITLE|REMARK

# record STAGE PASSED FAILED SKIPPED SECONDS TITLE REMARK
record () {
  printf '%d %d %d %d %s|%s\n' "$2" "$3" "$4" "$5" "$6" "$7" > "$work_dir/$1.result"
}

# skip_loudly STAGE REASON SECONDS
skip_loudly () {
  printf '\n!!!!!!!! %s NOT TESTED: %s !!!!!!!!\n' "$1" "$2"
  record "$1" 0 0 1 "$3" "$1" "NOT TESTED: $2"
}

# fail STAGE WHAT SECONDS
fail () {
  echo "FAILED: $2" | tee -a "$work_dir/$1.log"
  record "$1" 0 1 0 "$3" "$1" "$2"
}

# record_tests STAGE TITLE STATUS SECONDS: by the last line of what its tests printed.
record_tests () {
  local log=$work_dir/$1.log last
  if grep -qF 'run.sh: set-up failed' "$log" && is_download_failure "$log"; then
    skip_loudly "$1" "its packages could not be downloaded" "$4"
    return
  fi
  last=$(grep -v '^$' "$log" | tail -n 1)
  if ! [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    fail "$1" "no count, exit status $3" "$4"
  elif [ "$3" != 0 ] && [ "${BASH_REMATCH[2]}" = 0 ]; then
    echo "FAILED: exit status $3" | tee -a "$log"
    record "$1" "${BASH_REMATCH[1]}" 1 "${BASH_REMATCH[3]}" "$4" "$2" "exit status $3"
  else
    record "$1" "${BASH_REMATCH[@]:1}" "$4" "$2" ""
  fi
}

# Does the log tell of a registry that failed, rather than of a mistake of ours?
is_download_failure () {
  grep -qE 'Failed to fetch|Could not resolve|Temporary failure|Unable to connect|Could not connect|Connection (failed|timed out|refused)|Hash Sum mismatch|index files failed to download|is not valid yet|Release file .* expired|connection broken by|Could not fetch URL|No matching distribution' "$1"
}

# show_failures STAGE: what failed there. report.py indents what each said, of which the last lines
# are shown: whoever reads the end of a long log wants those.
show_failures () {
  awk -v stage="$1" -v most=60 '
    function show_detail(   first, i) {
      first = n > most ? n - most : 0
      if (first > 0)
        print "    [...]"
      for (i = first; i < n; i++)
        print detail[i]
      n = 0
    }
    /^FAILED: / { show_detail(); print stage ": " $0; failed = 1; next }
    failed && /^    / { detail[n++] = $0; next }
    { show_detail(); failed = 0 }
    /^skipped: .*NOT TESTED/ { print stage ": " $0 }
    END { show_detail() }
  ' "$work_dir/$1.log" 2>/dev/null
}

# show_results STAGE...: what failed, the slowest tests, a line for each stage, and the sum of all; 0
# if something passed and nothing failed.
show_results () {
  local stage passed failed skipped seconds rest
  local total_passed=0 total_failed=0 total_skipped=0
  for stage; do
    show_failures "$stage"
  done
  echo
  echo "the ten slowest tests:"
  for stage; do
    grep -h '^slow: ' "$work_dir/$stage.log" 2>/dev/null | sed "s/^slow: //; s/\$/  ($stage)/"
  done | sort -rn | head -n 10
  echo
  printf '%-44s %7s %7s %7s %8s\n' stage passed failed skipped time
  for stage; do
    read -r passed failed skipped seconds rest < "$work_dir/$stage.result" \
      || { passed=0 failed=1 skipped=0 seconds=0 rest="$stage|ended without a result"; }
    printf '%-44s %7d %7d %7d %6d s  %s\n' \
           "${rest%%|*}" "$passed" "$failed" "$skipped" "$seconds" "${rest#*|}"
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
    total_skipped=$((total_skipped + skipped))
  done
  printf '%-44s %7s %7s %7s %6d s\n' "all" "" "" "" $SECONDS
  [ $total_passed != 0 ] || echo "nothing passed anywhere"
  printf '\n%d passed, %d failed, %d skipped\n' $total_passed $total_failed $total_skipped
  [ $total_failed = 0 ] && [ $total_passed -gt 0 ]
}
