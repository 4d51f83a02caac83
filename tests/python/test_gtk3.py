# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""In an application of GTK 3, with a window on a display."""

import os

import gi
import pytest

import support  # noqa: F401

try:
    gi.require_version("Gdk", "3.0")
    gi.require_version("Gtk", "3.0")
except ValueError:
    pytest.skip("the typelib of GTK 3 is not installed", allow_module_level=True)

if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
    pytest.fail("GTK needs a display: run this under Xvfb", pytrace=False)

from gtk_cases import *  # noqa: E402, F401, F403
from until_cases import *  # noqa: E402, F401, F403
