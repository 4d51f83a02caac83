#!/bin/bash
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# One command for the demo: installs what is missing, builds, opens the window.
# All arguments go to the program (--help lists them).  Without a display it
# runs on a virtual one and ends by itself.

set -u

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
. "$source_dir/build-aux/setup.sh"

aioguest_install build demo || exit 1
aioguest_build --if-new -Dtests=false || exit 1
aioguest_devenv || exit 1

export PYTHONPATH="$source_dir/examples${PYTHONPATH:+:$PYTHONPATH}"
demo=("$AIOGUEST_PYTHON" -m downloads "$@")
if aioguest_has_display; then
  exec "${demo[@]}"
fi
exec "$source_dir/build-aux/with-display.sh" "${demo[@]}"
