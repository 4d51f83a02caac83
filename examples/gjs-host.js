// SPDX-FileCopyrightText: 2026 The AioGuest authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Hosts a small scheduler written in JavaScript, with timers and a child's
// pipe, in the GLib main context: run it by `gjs -m gjs-host.js`.
//
// What GJS can't express:
// - `peek`: it is for C only, and would be called with JavaScript code of the
//   program on the stack. `run.wake()` takes its place.
// - A guest with a descriptor of its own: no epoll, no sockets, only what GLib
//   opens. So the descriptors are named one by one, by `poller.watch()`.
// - A guest on another thread.
// What it can, beyond the tick: a tick that throws. That ends its run, and the
// exception arrives at `finished` as it was thrown.

import AioGuest from 'gi://AioGuest?version=1.0';
import GLib from 'gi://GLib';
import System from 'system';

const MILLISECOND = 1000; // monotonic time is in microseconds

// The guest: callbacks by time, and a pipe.
class Scheduler {
    constructor() {
        this._timers = [];
        this._channel = null;
        this._onLine = null;
        this.lines = [];
    }

    callAt(due, callback) {
        this._timers.push({due, callback});
        this._timers.sort((a, b) => a.due - b.due);
    }

    // Reads what is there, never waits; returns whether the pipe has ended.
    readPipe(fd) {
        this._channel ??= this._open(fd);
        for (;;) {
            const [status, line] = this._channel.read_line();
            if (status === GLib.IOStatus.NORMAL)
                this.lines.push(line.trim());
            else
                return status === GLib.IOStatus.EOF;
        }
    }

    _open(fd) {
        const channel = GLib.IOChannel.unix_new(fd);
        channel.set_flags(GLib.IOFlags.NONBLOCK);
        return channel;
    }

    runTimers(sliceEnd) {
        for (;;) {
            const now = GLib.get_monotonic_time();
            if (!this._timers.length || this._timers[0].due > now)
                return AioGuest.Tick.WAIT;
            this._timers.shift().callback();
            if (now >= sliceEnd)
                return AioGuest.Tick.AGAIN;
        }
    }

    get nextReadyTime() {
        return this._timers.length ? this._timers[0].due : -1;
    }
}

const scheduler = new Scheduler();
const fired = [];
const start = GLib.get_monotonic_time();
for (const delay of [60, 20, 40])
    scheduler.callAt(start + delay * MILLISECOND, () => fired.push(delay));

const [, , , fd] = GLib.spawn_async_with_pipes(null,
    ['/bin/sh', '-c', 'echo one; echo two'], null, GLib.SpawnFlags.DEFAULT, null);

let ended = false;
const poller = AioGuest.Poller.new(-1, AioGuest.PollMode.AUTO);
poller.watch(fd, GLib.IOCondition.IN);

// An `out` argument of a callback is one more element of what it returns.
const run = AioGuest.Run.new(poller, (guestRun, sliceEnd) => {
    if (!ended && scheduler.readPipe(fd)) {
        ended = true;
        poller.unwatch(fd);
    }
    const state = scheduler.runTimers(sliceEnd);
    if (state === AioGuest.Tick.WAIT && ended && fired.length === 3)
        return [AioGuest.Tick.FINISHED, -1];
    return [state, scheduler.nextReadyTime];
});
run.name = 'gjs-host';

const loop = GLib.MainLoop.new(null, false);
let failure = null;
run.connect('finished', (_run, error) => {
    failure = error;
    loop.quit();
});
run.attach(null);
loop.run();

// A run whose tick throws.
let thrown = null;
const failing = AioGuest.Run.new(AioGuest.Poller.new(-1, AioGuest.PollMode.AUTO), () => {
    throw new Error('the guest is ill');
});
failing.connect('finished', (_run, error) => {
    thrown = error;
    loop.quit();
});
failing.attach(null);
failing.wake();
loop.run();

print(`timers: ${fired.join(' ')}; pipe: ${scheduler.lines.join(' ')}`);
if (thrown?.message !== 'the guest is ill' || failing.state !== AioGuest.RunState.FINISHED) {
    printerr('a tick that throws must end its run and be reported');
    System.exit(1);
}
if (failure !== null || fired.join() !== '20,40,60' || scheduler.lines.join() !== 'one,two') {
    printerr(failure?.message ?? 'not what was expected');
    System.exit(1);
}
