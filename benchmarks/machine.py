# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What was measured on: the platform, the machine, and versions."""

import datetime
import os
import platform as python_platform
import ssl
import subprocess
from pathlib import Path

__all__ = ['FORMAT', 'describe', 'platform']

#: Of the results: it changes when older lines would be misunderstood.
FORMAT = 2


def _os_release():
    try:
        return python_platform.freedesktop_os_release()
    except OSError:
        return {}


def platform():
    """As in "debian-13" or "debian-testing"."""
    release = _os_release()
    version = release.get('VERSION_ID', 'testing' if release.get('ID') == 'debian' else '')
    return '-'.join(part for part in (release.get('ID', 'linux'), version) if part)


def _processor():
    try:
        for line in Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines():
            if line.startswith('model name'):
                return line.split(':', 1)[1].strip()
    except OSError:
        pass
    return python_platform.processor() or python_platform.machine()


def _memory():
    return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // 2**20


def _git(*arguments):
    here = Path(__file__).resolve().parent
    return subprocess.run(
        ['git', '-c', f'safe.directory={here.parent}', *arguments],
        cwd=here, capture_output=True, text=True, timeout=10, check=True,
    ).stdout.strip()


def _revision():
    """The commit that is measured, with a mark if the tree has changes, but for what is written here."""
    try:
        revision = _git('describe', '--always')
        changes = _git('diff', '--name-only', 'HEAD', '--', ':/', ':!results', ':!../docs')
    except (OSError, subprocess.SubprocessError):
        return ''
    return revision + ('-dirty' if changes else '')


def describe(size):
    """All of it, as a dict for JSON."""
    described = {
        'format': FORMAT,
        'platform': platform(),
        'name': _os_release().get('PRETTY_NAME', ''),
        'processor': _processor(),
        'cores': len(os.sched_getaffinity(0)),
        'memory_mib': _memory(),
        'kernel': python_platform.release(),
        'python': python_platform.python_version(),
        'openssl': ssl.OPENSSL_VERSION,
        'load': round(os.getloadavg()[0], 2),
        'size': size,
        'date': datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d %H:%M UTC'),
        'revision': _revision(),
    }
    try:
        import gi
        from gi.repository import GLib
    except ImportError:
        return described
    described['pygobject'] = gi.__version__
    described['glib'] = f'{GLib.MAJOR_VERSION}.{GLib.MINOR_VERSION}.{GLib.MICRO_VERSION}'
    return described
