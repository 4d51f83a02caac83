# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The kinds of hosts, one module each: whose loop the guest runs in."""
