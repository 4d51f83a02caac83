# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# The namespaces that have no stub here.

from typing import Any

def __getattr__(name: str) -> Any: ...
