# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Why the compiled part of this package can't be imported."""

import importlib.machinery
import pathlib
import sys

_HERE = pathlib.Path(__file__).parent


def explain(error):
    """What to raise in the place of *error*, an ImportError that the import of ``_core`` has raised."""
    if any((_HERE / f'_core{suffix}').exists() for suffix in importlib.machinery.EXTENSION_SUFFIXES):
        # It is for this Python, and the cause is another: a library that it needs, for example.
        return error

    built = sorted(path.name for path in _HERE.glob('_core.*.so'))
    wanted = f'_core{importlib.machinery.EXTENSION_SUFFIXES[0]}'
    # A program with Python inside has none.
    this = sys.executable or 'of this program'
    remedy = f'build AioGuest for this one, by meson setup with -Dpython={sys.executable or "PATH"}'
    if not built:
        return ImportError(f'the compiled part of AioGuest is missing in {_HERE}: {remedy}', name=error.name)

    names = ', '.join(built)
    return ImportError(
        f'AioGuest was built for another Python: {_HERE} has {names}, and this Python, {this}, needs {wanted}. '
        f'Run the program with the other Python, or {remedy}', name=error.name)
