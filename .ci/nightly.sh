# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# When the stages of a nightly run last ran, sourced by .ci/run: .ci/nightly.tsv has a line for each. It
# is committed by whoever ran them.

nightly_record=$source_dir/.ci/nightly.tsv

# Of what is tested, with a "+" if it is not as committed.
revision () {
  local changes=
  [ -z "$(git -C "$source_dir" status --porcelain -- . ':!.ci/nightly.tsv' 2>/dev/null)" ] || changes=+
  printf '%s%s\n' "$(git -C "$source_dir" rev-parse --short HEAD)" "$changes"
}

# remember_nightly REVISION STAGE...: in the place of what was known of them.
remember_nightly () {
  local tested=$1 stage passed failed skipped seconds rest lines
  shift
  for stage; do
    read -r passed failed skipped seconds rest < "$work_dir/$stage.result" || continue
    lines=$(grep -v "^$stage	" "$nightly_record" 2>/dev/null)
    { [ -z "$lines" ] || printf '%s\n' "$lines"
      printf '%s\t%s\t%s\t%d passed, %d failed, %d skipped\t%d s\n' \
             "$stage" "$(date -u +%Y-%m-%d)" "$tested" "$passed" "$failed" "$skipped" "$seconds"
    } | sort > "$nightly_record.new" && mv "$nightly_record.new" "$nightly_record"
  done
}

# tell_when STAGE...
tell_when () {
  local stage line
  for stage; do
    line=$(grep "^$stage	" "$nightly_record" 2>/dev/null) || line="$stage	never"
    printf '%s\n' "$line"
  done | column -t -s '	'
}
