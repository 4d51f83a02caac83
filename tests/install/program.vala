// SPDX-FileCopyrightText: 2026 The AioGuest authors
// SPDX-License-Identifier: LGPL-2.1-or-later

int main () {
    int left = 5;
    var loop = new MainLoop ();

    try {
        var poller = new AioGuest.Poller (-1, AioGuest.PollMode.AUTO);
        var run = AioGuest.start (poller, (run, slice_end, out next_ready_time) => {
            next_ready_time = get_monotonic_time () + 1000;
            return --left > 0 ? AioGuest.Tick.WAIT : AioGuest.Tick.FINISHED;
        });
        run.finished.connect (() => loop.quit ());
        loop.run ();
        print ("%s ticks\n", run.ticks.to_string ());
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }

    return 0;
}
