# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A real GTK 4 application, on whatever system."""

from cases import Unavailable
from systems import import_aioguest

__all__ = ['AnimatedWindow', 'run_application']


def run_application(host, main):
    """Run ``main(application)`` while a Gtk.Application does; returns its result.

    AioGuest's runs are hosted by Gtk.Application.run(). The loops that iterate the main context
    themselves register and activate the application, and do so in place of its run().
    """
    try:
        import gi

        gi.require_version('Gtk', '4.0')
        from gi.repository import Gio, Gtk
    except (ImportError, ValueError) as error:
        raise Unavailable(f'no GTK 4: {error}') from None
    if not Gtk.init_check():
        raise Unavailable('no display')
    application = Gtk.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)
    if host.is_hosted:
        return _run_hosted(application, main)
    application.connect('activate', lambda application: None)

    async def run():
        application.register(None)
        application.activate()
        return await main(application)

    return host.run(run)


def _run_hosted(application, main):
    AioGuest = import_aioguest()
    results = []

    async def run():
        results.append(await main(application))
        application.quit()

    AioGuest.run(application, main=run)
    return results[0]


class AnimatedWindow:
    """A window with a spinner, which GTK animates by itself, without Python."""

    def __init__(self, application):
        from gi.repository import Gtk

        self.spinner = Gtk.Spinner(spinning=True)
        self.window = Gtk.ApplicationWindow(
            application=application, default_width=300, default_height=200, child=self.spinner
        )
        self.window.present()
        self.clock = self.window.get_surface().get_frame_clock()
