#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Before: a program of PyQt with qasync. ``qasync_after.py`` is the same with GTK and AioGuest."""

import asyncio
import subprocess
import sys

from PyQt5.QtWidgets import QApplication, QPushButton
from qasync import QEventLoop, asyncSlot


class Button(QPushButton):
    def __init__(self):
        super().__init__('Ask')
        self.clicked.connect(self.ask)

    @asyncSlot()
    async def ask(self):
        self.setEnabled(False)
        process = await asyncio.create_subprocess_exec('printf', 'Hello!', stdout=subprocess.PIPE)
        text, _ = await process.communicate()
        self.setText(text.decode())
        self.setEnabled(True)
        print(self.text())
        if '--auto' in sys.argv:
            self.close()


async def main():
    is_closed = asyncio.Event()
    app.lastWindowClosed.connect(is_closed.set)
    button = Button()
    button.show()
    if '--auto' in sys.argv:
        button.click()
    await is_closed.wait()


app = QApplication(sys.argv)
loop = QEventLoop(app)
asyncio.set_event_loop(loop)
with loop:
    loop.run_until_complete(main())
