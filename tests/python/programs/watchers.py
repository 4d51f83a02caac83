# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The dict watchers of the interpreter, of which there are few. (Python 3.12)"""

import ctypes

__all__ = ["take_dict_watchers"]

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
)
_callback = _Callback(lambda *args: 0)


def take_dict_watchers():
    """Take all that are left."""
    add = ctypes.pythonapi.PyDict_AddWatcher
    add.argtypes = [_Callback]
    try:
        while True:
            add(_callback)
    except RuntimeError:
        pass
