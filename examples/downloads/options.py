# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line."""

import argparse
import os
import re
import urllib.parse
from pathlib import Path

_SHA256_FRAGMENT = re.compile(r'sha256=([0-9a-fA-F]{64})')


def _source(argument):
    """URL[#sha256=HEX] -> (url without the fragment, checksum or None)."""
    parts = urllib.parse.urlsplit(argument)
    if parts.scheme not in ('http', 'https') or not parts.hostname:
        raise argparse.ArgumentTypeError(f'not an http or https URL: {argument!r}')
    checksum = None
    if parts.fragment.startswith('sha256'):
        match = _SHA256_FRAGMENT.fullmatch(parts.fragment)
        if match is None:
            raise argparse.ArgumentTypeError(
                f'not 64 hexadecimal digits after #sha256= in {argument!r}')
        checksum = match[1].lower()
    return parts._replace(fragment='').geturl(), checksum


def _positive(argument):
    try:
        number = int(argument)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f'not a whole number of 1 or more: {argument!r}')
    return number


def _picture(argument):
    path = Path(argument)
    if path.suffix.lower() != '.png':
        raise argparse.ArgumentTypeError(f'the picture is a PNG, give a name in .png: {argument!r}')
    if not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f'no such folder: {str(path.parent)!r}')
    return path


def parse(arguments):
    """Return the options; a usage error ends the process with status 2."""
    parser = argparse.ArgumentParser(
        prog='downloads',
        description='Download files concurrently and show how smooth the window stays.',
        epilog='Without a URL, some large files of this machine are served by a process of '
               'the program\'s own, along with three deliberate errors. '
               'The exit status is 0 if all came out as it should, 1 if not, 2 for wrong usage.')
    parser.add_argument(
        'sources', metavar='URL', nargs='*', type=_source,
        help='what to download; URL#sha256=HEX has it verified')
    parser.add_argument(
        '--directory', metavar='DIR', type=Path,
        help='keep the files there, replacing any of the same name '
             '(default: a temporary folder, removed at the end)')
    parser.add_argument(
        '--concurrency', metavar='N', type=_positive, default=4,
        help='so many downloads at a time (default: %(default)s)')
    parser.add_argument(
        '--screenshot', metavar='FILE.png', type=_picture,
        help='save a picture of the window in mid-download; implies --exit')
    parser.add_argument(
        '--exit', action='store_true',
        help='close the window when all is done (implied on a virtual display)')
    options = parser.parse_args(arguments)

    if options.directory is not None:
        try:
            options.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            parser.error(f'--directory: {error.strerror}: {str(options.directory)!r}')
        if not os.access(options.directory, os.W_OK | os.X_OK):
            parser.error(f'--directory: cannot write in {str(options.directory)!r}')
    if options.screenshot or os.environ.get('AIOGUEST_VIRTUAL_DISPLAY'):
        options.exit = True
    return options
