#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check_downloads.py PYTHON [OPTION...]: run the demo in several ways, report as TAP.

The arguments are the interpreter for the demo and its options.
"""

import contextlib
import functools
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from expect import complaints

HERE = Path(__file__).resolve().parent
PYTHON = sys.argv[1:]
ENVIRONMENT = dict(os.environ, AIOGUEST_VIRTUAL_DISPLAY='1', PYTHONPATH=os.pathsep.join(
    [str(HERE), *filter(None, [os.environ.get('PYTHONPATH')])]))

# Starts the demo with a hook: a function called when a download begins to receive its file, so that it
# is in the middle of it, with the window and all that are. It returns whether it has done its work.
HOOKED = '''
import sys
from downloads.options import parse
options = parse(sys.argv[1:])
from downloads.app import Application
from downloads.model import State
from gi.repository import Gtk

def buttons(widget):
    if isinstance(widget, Gtk.Button) and widget.get_sensitive():
        yield widget
    child = widget.get_first_child()
    while child is not None:
        yield from buttons(child)
        child = child.get_next_sibling()

{hook}

class Hooked(Application):
    async def _download(self, engine, downloads):
        over = False

        def look(download):
            nonlocal over
            active = [d for d in downloads if d.state is State.DOWNLOADING]
            if download in active and not over:
                over = hook(self._window, active)

        for download in downloads:
            download.connect('state-changed', look)
        await super()._download(engine, downloads)

sys.exit(Hooked(options).main())
'''


def run(*arguments, program=('-m', 'downloads')):
    result = subprocess.run(
        [*PYTHON, *program, *map(str, arguments)], env=ENVIRONMENT,
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    for line in (result.stdout + result.stderr).splitlines():
        print('#', line)
    return result


def run_hooked(hook, *arguments):
    return run(*arguments, program=('-c', HOOKED.format(hook=hook)))


def expect(result, status, *patterns):
    assert result.returncode == status, f'exit status {result.returncode}, not {status}'
    for pattern in patterns:
        assert re.search(pattern, result.stdout, re.MULTILINE), f'not printed: {pattern}'
    assert not complaints(result.stderr), 'wrote to standard error'


@contextlib.contextmanager
def server(seconds):
    """The demo's own server, for runs that are given URLs."""
    with subprocess.Popen(
            [*PYTHON, str(HERE / 'downloads' / 'server.py'), str(seconds)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        files = json.loads(process.stdout.readline())['files']
        yield ([file for file in files if 'error' not in file],
               {file['error']: file for file in files if 'error' in file})
        process.stdin.close()
        assert process.wait() == 0, 'the server did not end well'


def check_own_list(folder):
    """Everything comes out as it should, and the picture is one."""
    picture = folder / 'picture.png'
    result = run('--screenshot', picture)
    expect(result, 0,
           r'^failed .* nobody-listens.iso: The connection was refused \(as it should\)$',
           r'^failed .* no-such-file.iso: The server answered 404 Not Found \(as it should\)$',
           # What was received and not read when it ended is not in there.
           r'^failed .* The connection ended early, at ([12]?\d|3[0-3]) % of the file \(as it should\)$',
           r'^6 of 9 complete, ',
           r'^frame intervals: [1-9]\d*, median [\d.]+ ms, p99 [\d.]+ ms, longest [\d.]+ ms$')
    assert len(re.findall(r'^done .* matches ', result.stdout, re.MULTILINE)) == 6
    data = picture.read_bytes()
    assert data[:8] == b'\x89PNG\r\n\x1a\n', 'not a PNG'
    width, height = struct.unpack('>II', data[16:24])
    assert width >= 600 and height >= 600, f'{width} x {height} pixels'


def check_urls(folder):
    """Files given by URL are stored whole, verified where a checksum is given."""
    with server(1) as (files, _):
        urls = [files[0]['url'] + '#sha256=' + files[0]['sha256'], files[1]['url']]
        result = run('--directory', folder, '--concurrency', 1, *urls)
    expect(result, 0, '^2 of 2 complete')
    for file in files[:2]:
        data = (folder / file['url'].rsplit('/', 1)[-1]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file['sha256']
    assert len(list(folder.iterdir())) == 2


def check_wrong_checksum(folder):
    """A file that is not the one that was wanted is not kept."""
    with server(1) as (files, _):
        result = run('--directory', folder, files[0]['url'] + '#sha256=' + '0' * 64)
    expect(result, 1, '^failed .* DIFFERS .*: The SHA-256 checksum does not match$')
    assert not list(folder.iterdir())


def check_failure_by_url(folder):
    """What is a deliberate error in the own list is a failure when asked for by URL."""
    with server(1) as (files, errors):
        for error in errors.values():
            result = run('--directory', folder, error['url'])
            expect(result, 1, '^failed ', '^0 of 1 complete')
            assert not list(folder.iterdir())


def check_usage(folder):
    """Wrong usage says what is wrong, and has a status of its own."""
    for arguments, message in (
            (['ftp://example.org/file'], 'not an http or https URL'),
            (['no url'], 'not an http or https URL'),
            (['http://example.org/file#sha256=12'], 'not 64 hexadecimal digits'),
            (['--concurrency', '0'], 'not a whole number of 1 or more'),
            (['--screenshot', folder / 'none' / 'picture.png'], 'no such folder'),
            (['--screenshot', folder / 'picture.jpg'], 'give a name in .png'),
            (['--nonsense'], 'unrecognized arguments')):
        result = run(*arguments)
        assert result.returncode == 2, f'exit status {result.returncode} for {arguments}'
        assert message in result.stderr, f'not said: {message}'
        assert not result.stdout


def check_close(folder):
    """Closing the window in mid-download cancels everything and leaves nothing behind."""
    result = run_hooked('''
def hook(window, active):
    window.close()
    return True
''', '--directory', folder)
    expect(result, 1, '^cancelled ', '^0 of 9 complete')
    assert not list(folder.iterdir())


def check_cancel_all(folder):
    """The button cancels all that is not over; the program ends as usual."""
    result = run_hooked('''
def hook(window, active):
    if len(active) > 1:
        [button] = [b for b in buttons(window) if b.get_label() == 'Cancel All']
        button.emit('clicked')
        return True
''', '--directory', folder)
    expect(result, 1, '^cancelled ', '^0 of 9 complete')
    assert not re.search('^waiting', result.stdout, re.MULTILINE)
    assert not list(folder.iterdir())


def check_cancel_one(folder):
    """A row's button cancels that file and no other."""
    with server(1) as (files, _):
        result = run_hooked('''
def hook(window, active):
    if window.downloads[0] in active:
        [button] = [b for row in window._rows if row.download is window.downloads[0]
                    for b in buttons(row)]
        button.emit('clicked')
        return True
''', '--directory', folder, *[file['url'] for file in files[:3]])
    expect(result, 1, '^cancelled ', '^done ', '^2 of 3 complete')
    assert len(list(folder.iterdir())) == 2


def check_signal(folder, signal):
    """SIGINT and SIGTERM end it cleanly as well."""
    hook = f'''
import os, signal
def hook(window, active):
    os.kill(os.getpid(), signal.{signal})
    return True
'''
    result = run_hooked(hook, '--directory', folder)
    assert result.returncode not in (0, None)
    assert re.search('^cancelled ', result.stdout, re.MULTILINE), 'no summary'
    assert not list(folder.iterdir())


CHECKS = {
    'own list': check_own_list,
    'URLs': check_urls,
    'wrong checksum': check_wrong_checksum,
    'errors by URL': check_failure_by_url,
    'usage': check_usage,
    'close in mid-download': check_close,
    'cancel all': check_cancel_all,
    'cancel one': check_cancel_one,
    'SIGTERM': functools.partial(check_signal, signal='SIGTERM'),
    'SIGINT': functools.partial(check_signal, signal='SIGINT'),
}


def children_left():
    """Whether a process of this group still runs the server."""
    script = str(HERE / 'downloads' / 'server.py').encode()
    left = []
    for path in Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError):
            if (script in (path / 'cmdline').read_bytes().split(b'\0')
                    and os.getpgid(int(path.name)) == os.getpgid(0)):
                left.append(path.name)
    return left


def main():
    failed = 0
    print(f'1..{len(CHECKS)}')
    for number, (name, check) in enumerate(CHECKS.items(), 1):
        try:
            with tempfile.TemporaryDirectory() as folder:
                check(Path(folder))
            assert not children_left(), 'the server was left behind'
        except Exception:
            failed += 1
            for line in traceback.format_exc().splitlines():
                print('#', line)
            print(f'not ok {number} - {name}', flush=True)
        else:
            print(f'ok {number} - {name}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
