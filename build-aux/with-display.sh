#!/bin/bash
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# with-display.sh COMMAND [ARGUMENT...]
#
# Runs a command with a display: the one there is, else an Xvfb of its own that
# ends with the command.  AIOGUEST_DISPLAY=xvfb asks for an Xvfb in any case.
# The exit status is the command's (128 + N if signal N killed it), 125 if there
# could be no display.

set -u

if [ $# -eq 0 ]; then
  echo "usage: with-display.sh COMMAND [ARGUMENT...]" >&2
  exit 125
fi

if [ "${AIOGUEST_DISPLAY:-}" != xvfb ] && [ -n "${WAYLAND_DISPLAY:-}${DISPLAY:-}" ]; then
  exec "$@"
fi

if ! command -v Xvfb >/dev/null; then
  echo "with-display.sh: no display, and no Xvfb to make one (Debian: xvfb)" >&2
  exit 125
fi

directory=$(mktemp -d) || exit 125
server=
command=

clean_up () {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null
    wait "$server" 2>/dev/null
  fi
  rm -rf "$directory"
}
trap clean_up EXIT

# The server picks a free display number itself and tells it once it is ready:
# nothing to guess, nothing to wait for by the clock.  The fifo is opened for
# reading and writing so that neither end blocks the other; should the server
# die first, its job writes the empty line that ends the read.
mkfifo "$directory/number" || exit 125
exec 3<>"$directory/number"
{
  setsid setpriv --pdeathsig TERM \
    Xvfb -displayfd 4 -screen 0 1280x1024x24 -nolisten tcp -noreset \
    4>&3 3>&- >"$directory/log" 2>&1 </dev/null &
  xvfb=$!
  trap 'kill $xvfb 2>/dev/null' TERM
  until wait $xvfb; [ $? -le 128 ] || ! kill -0 $xvfb 2>/dev/null; do :; done
  echo >&3
} &
server=$!

read -r -t 60 -u 3 number
if [ -z "${number:-}" ]; then
  echo "with-display.sh: Xvfb did not start:" >&2
  cat "$directory/log" >&2
  exit 125
fi
exec 3>&-

unset WAYLAND_DISPLAY XAUTHORITY
export DISPLAY=:$number
export GDK_BACKEND=x11
# Software GL is slower than no GL, and loading it writes warnings.
export GSK_RENDERER=${GSK_RENDERER:-cairo}
export GDK_DISABLE=${GDK_DISABLE:-gl,vulkan}
# A bare system has neither a session bus nor an accessibility bus.
export GTK_A11Y=none NO_AT_BRIDGE=1
# Told to programs that would wait for a user otherwise.
export AIOGUEST_VIRTUAL_DISPLAY=1

# A shell starts its background jobs with SIGINT ignored; the command must be
# able to receive it.
env --default-signal=INT,QUIT -- "$@" <&0 &
command=$!

# Ctrl-C in a terminal reaches the command by itself.
trap ':' INT QUIT
trap 'kill -TERM "$command" 2>/dev/null' TERM
trap 'kill -HUP "$command" 2>/dev/null' HUP

# A trapped signal ends `wait` early.
while :; do
  wait "$command"
  status=$?
  kill -0 "$command" 2>/dev/null || break
done
exit "$status"
