# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# PyGObject without types: for where nobody else (pygobject-stubs) has a description of it.

from typing import Any

def __getattr__(name: str) -> Any: ...
