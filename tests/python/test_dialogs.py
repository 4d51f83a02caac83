# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dialogs of GTK 4, awaited; handlers of templates."""

import asyncio
import os
import warnings

import gi
import pytest

import support  # noqa: F401
from collected import Collected

try:
    gi.require_version("Gdk", "4.0")
    gi.require_version("Gtk", "4.0")
except ValueError:
    pytest.skip("the typelib of GTK 4 is not installed", allow_module_level=True)

if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
    pytest.fail("GTK needs a display: run this under Xvfb", pytrace=False)

from gi.repository import AioGuest, Gio, GLib, Gtk  # noqa: E402

needs_alert_dialog = pytest.mark.skipif(
    not hasattr(Gtk, "AlertDialog"), reason="Gtk.AlertDialog came with GTK 4.10"
)
needs_file_dialog = pytest.mark.skipif(
    not hasattr(Gtk, "FileDialog"), reason="Gtk.FileDialog came with GTK 4.10"
)


def with_window(use, child=None):
    """Run an application whose main task is use(window); return its result."""
    app = Gtk.Application(
        application_id="org.example.AioGuest", flags=Gio.ApplicationFlags.NON_UNIQUE
    )
    results = []

    async def main():
        window = Gtk.ApplicationWindow(application=app)
        if child is not None:
            window.set_child(child())
        window.present()
        try:
            results.append(await use(window))
        finally:
            window.destroy()

    AioGuest.run(app, main=main, debug=False)
    return results[0]


def descendants(widget):
    child = widget.get_first_child()
    while child is not None:
        yield child
        yield from descendants(child)
        child = child.get_next_sibling()


async def dialog_of(window):
    """Wait for a mapped window in front of it; other tasks have made their first step then."""
    await asyncio.sleep(0)
    (dialog,) = await AioGuest.wait_until(
        Gtk.Window.get_toplevels(), "items-changed",
        lambda toplevels: [toplevel for toplevel in toplevels if toplevel is not window],
    )
    await AioGuest.wait_until(dialog, "map", lambda dialog: dialog.get_mapped())
    assert dialog.get_transient_for() is window
    return dialog


async def close_dialog_of(window):
    """Close it as the window manager does.

    To be held until there is an answer: GTK destroys the dialog again then, without a reference
    of its own.
    """
    dialog = await dialog_of(window)
    dialog.close()
    return dialog


async def gone(dialog):
    await AioGuest.wait_until(dialog, "unmap", lambda dialog: not dialog.get_mapped())


def button_of(dialog, label):
    for widget in descendants(dialog):
        if isinstance(widget, Gtk.Button) and widget.get_label() == label:
            return widget
    raise LookupError(label)


def chosen(chooser):
    with warnings.catch_warnings():
        # The interface of the chooser that a Gtk.FileDialog shows.
        warnings.simplefilter("ignore", DeprecationWarning)
        return chooser.get_file()


def alert():
    return Gtk.AlertDialog(message="Sure?", buttons=["No", "Yes"])


# Gtk.AlertDialog


@needs_alert_dialog
@pytest.mark.parametrize("label, expected", [("No", 0), ("Yes", 1)])
def test_alert_answered(label, expected):
    async def use(window):
        answer = asyncio.create_task(AioGuest.call(alert().choose, window))
        dialog = await dialog_of(window)
        button_of(dialog, label).emit("clicked")
        return await answer

    assert with_window(use) == expected


@needs_alert_dialog
def test_alert_with_a_cancel_button_dismissed():
    """An alert that names a button for it tells of that one: nothing is raised."""

    async def use(window):
        question = alert()
        question.set_cancel_button(0)
        answer = asyncio.create_task(AioGuest.call(question.choose, window))
        dialog = await close_dialog_of(window)
        number = await answer
        del dialog
        return number

    assert with_window(use) == 0


@needs_alert_dialog
def test_alert_dismissed():
    async def use(window):
        answer = asyncio.create_task(AioGuest.call(alert().choose, window))
        dialog = await close_dialog_of(window)
        with pytest.raises(GLib.Error) as caught:
            await answer
        del dialog
        return caught.value

    error = with_window(use)
    assert error.matches(Gtk.DialogError.quark(), Gtk.DialogError.DISMISSED)


@needs_alert_dialog
def test_alert_cancelled():
    """The task is cancelled: the dialog goes away, and CancelledError comes out."""

    async def use(window):
        answer = asyncio.create_task(AioGuest.call(alert().choose, window))
        dialog = await dialog_of(window)
        answer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answer
        await gone(dialog)
        # Another one can be asked.
        again = asyncio.create_task(AioGuest.call(alert().choose, window))
        button_of(await dialog_of(window), "Yes").emit("clicked")
        return await again

    assert with_window(use) == 1


@needs_alert_dialog
def test_alert_under_a_timeout():
    async def use(window):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await AioGuest.call(alert().choose, window)
        return "timed out"

    assert with_window(use) == "timed out"


# Gtk.FileDialog


async def chooser_of(window, folder):
    """Wait for a file chooser that has come to rest.

    Its bar of folders is made last, and GTK does not bear the chooser to be closed before.
    """
    chooser = await dialog_of(window)

    def names_folder(clock):
        return any(
            isinstance(widget, Gtk.Label)
            and widget.get_text() == folder.name
            and widget.get_ancestor(Gtk.ToggleButton) is not None
            for widget in descendants(chooser)
        )

    await AioGuest.wait_until(chooser.get_frame_clock(), "after-paint", names_folder)
    return chooser


def ask_for_file(window, path):
    dialog = Gtk.FileDialog(initial_file=Gio.File.new_for_path(str(path)))
    return asyncio.create_task(AioGuest.call(dialog.open, window))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "chosen"
    path.write_text("text")
    return path


@needs_file_dialog
def test_file_answered(path):
    """The chooser's own button is clicked: there is no portal here."""

    async def use(window):
        answer = ask_for_file(window, path)
        chooser = await chooser_of(window, path.parent)
        button = button_of(chooser, "_Open")
        await AioGuest.wait_until(button, "notify::sensitive", lambda button: button.get_sensitive())
        assert chosen(chooser) is not None
        button.emit("clicked")
        return (await answer).get_path()

    assert with_window(use) == str(path)


@needs_file_dialog
def test_file_dismissed(path):
    async def use(window):
        answer = ask_for_file(window, path)
        chooser = await chooser_of(window, path.parent)
        chooser.close()
        with pytest.raises(GLib.Error) as caught:
            await answer
        return caught.value

    error = with_window(use)
    assert error.matches(Gtk.DialogError.quark(), Gtk.DialogError.DISMISSED)


@needs_file_dialog
def test_file_cancelled(path):
    async def use(window):
        answer = ask_for_file(window, path)
        chooser = await chooser_of(window, path.parent)
        answer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answer
        await gone(chooser)
        return "cancelled"

    assert with_window(use) == "cancelled"


# A dialog of any GTK 4


def test_response_awaited():
    """Without those classes: a window of one's own, and a signal."""

    async def use(window):
        dialog = Gtk.Window(transient_for=window, modal=True)
        button = Gtk.Button(label="Yes")
        dialog.set_child(button)
        dialog.present()
        task = asyncio.create_task(AioGuest.wait_signal(button, "clicked"))
        await dialog_of(window)
        button.emit("clicked")
        await task
        dialog.destroy()
        return "clicked"

    assert with_window(use) == "clicked"


# Templates


TEMPLATE = """
  <interface>
    <template class="AioGuestTestBox" parent="GtkBox">
      <child>
        <object class="GtkButton" id="button">
          <property name="label">Once</property>
          <signal name="clicked" handler="on_clicked"/>
        </object>
      </child>
      <child>
        <object class="GtkSwitch" id="switch">
          <signal name="state-set" handler="on_state_set"/>
        </object>
      </child>
      <child>
        <object class="GtkButton" id="failing">
          <signal name="clicked" handler="on_failing_clicked"/>
        </object>
      </child>
    </template>
  </interface>
"""


@Gtk.Template(string=TEMPLATE)
class Box(Gtk.Box):
    __gtype_name__ = "AioGuestTestBox"

    button = Gtk.Template.Child()
    switch = Gtk.Template.Child()
    failing = Gtk.Template.Child()

    def __init__(self):
        super().__init__()
        self.log = Collected()
        self.gate = asyncio.Event()

    @Gtk.Template.Callback()
    @AioGuest.handler
    async def on_clicked(self, button):
        button.set_sensitive(False)
        self.log.append("begun")
        await self.gate.wait()
        self.log.append("done")
        button.set_sensitive(True)

    # True: the handler will set the state itself.
    @Gtk.Template.Callback()
    @AioGuest.handler(returns=True)
    async def on_state_set(self, switch, state):
        await self.gate.wait()
        switch.set_state(state)
        self.log.append(state)

    @Gtk.Template.Callback()
    @AioGuest.handler
    async def on_failing_clicked(self, button):
        await asyncio.sleep(0)
        raise LookupError("in a template callback")


async def in_host(function):
    """Call it from a callback of the host; return its result."""
    over = asyncio.get_running_loop().create_future()
    GLib.idle_add(lambda: over.set_result(function()))
    return await over


def test_template_callback_makes_the_button_insensitive_at_once():
    async def use(window):
        box = window.get_child()

        def click():
            # GTK gives no events to an insensitive widget.
            if box.button.is_sensitive():
                box.button.emit("clicked")
            return box.button.is_sensitive(), list(box.log)

        first, second = await in_host(lambda: (click(), click()))
        box.gate.set()
        await box.log.has("done")
        assert box.button.get_sensitive()
        return first, second, box.log

    first, second, log = with_window(use, Box)
    assert first == (False, ["begun"])
    assert second == (False, ["begun"])
    assert log == ["begun", "done"]


def test_template_callback_returns_a_value():
    async def use(window):
        box = window.get_child()
        await in_host(lambda: box.switch.set_active(True))
        # GTK has been told to leave the state alone.
        before = box.switch.get_active(), box.switch.get_state()
        box.gate.set()
        await box.log.until()
        return before, (box.switch.get_active(), box.switch.get_state()), box.log

    before, after, log = with_window(use, Box)
    assert before == (True, False)
    assert after == (True, True)
    assert log == [True]


def test_template_callback_that_fails_is_reported():
    contexts = Collected()

    async def use(window):
        box = window.get_child()
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: contexts.append(context)
        )
        await in_host(lambda: box.failing.emit("clicked"))
        await contexts.until()

    with_window(use, Box)
    assert [type(context["exception"]) for context in contexts] == [LookupError]


# choose()


@needs_alert_dialog
@pytest.mark.parametrize("label, expected", [("No", 0), ("Yes", 1)])
def test_choice(label, expected):
    async def use(window):
        answer = asyncio.create_task(AioGuest.choose(alert().choose, window))
        dialog = await dialog_of(window)
        button_of(dialog, label).emit("clicked")
        return await answer

    assert with_window(use) == expected


@needs_file_dialog
def test_dismissal_is_no_choice():
    async def use(window):
        answer = asyncio.create_task(AioGuest.choose(Gtk.FileDialog().open, window))
        dialog = await close_dialog_of(window)
        file = await answer
        del dialog
        return file

    assert with_window(use) is None


@needs_file_dialog
def test_cancelled_by_a_cancellable_is_no_choice():
    async def use(window):
        cancellable = Gio.Cancellable()
        answer = asyncio.create_task(AioGuest.choose(Gtk.FileDialog().open, window, cancellable=cancellable))
        dialog = await dialog_of(window)
        cancellable.cancel()
        file = await answer
        await gone(dialog)
        return file

    assert with_window(use) is None


@needs_file_dialog
def test_task_that_chooses_is_cancelled():
    async def use(window):
        answer = asyncio.create_task(AioGuest.choose(Gtk.FileDialog().open, window))
        dialog = await dialog_of(window)
        answer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answer
        await gone(dialog)

    with_window(use)


@needs_file_dialog
def test_other_errors_of_a_choice(tmp_path):
    async def use(window):
        with pytest.raises(GLib.Error) as error:
            await AioGuest.choose(Gio.File.new_for_path(str(tmp_path / "nothing")).load_contents_async)
        assert error.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)

    with_window(use)


@pytest.mark.skipif(Gtk.check_version(4, 10, 0) is None, reason="GTK is new enough")
def test_choice_with_an_old_gtk():
    async def use(window):
        with pytest.raises(RuntimeError, match=r"needs GTK 4\.10 or newer, and this is GTK 4\.\d+"):
            await AioGuest.choose(window.show)

    with_window(use)


def test_task_that_ends_with_a_dialog_of_adwaita():
    try:
        gi.require_version("Adw", "1")
    except ValueError:
        pytest.skip("the typelib of Adwaita is not installed")
    from gi.repository import Adw

    if not hasattr(Adw, "Dialog"):
        pytest.skip("Adw.Dialog came with Adwaita 1.5")
    Adw.init()

    async def use(window):
        # In a window of Gtk's the dialog has one of its own, and force_close() emits no "closed" there.
        parents = {"unrealize": window, "closed": Adw.ApplicationWindow()}
        parents["closed"].present()
        tasks = []
        for signal, parent in parents.items():
            dialog = Adw.Dialog(child=Gtk.Label(label="a"))
            task = AioGuest.spawn(asyncio.Event().wait(), until=(dialog, signal))
            dialog.present(parent)
            await asyncio.sleep(0)
            assert not task.done()
            dialog.force_close()
            await asyncio.wait([task])
            tasks.append(task)
        parents["closed"].destroy()
        return [task.cancelled() for task in tasks]

    assert with_window(use) == [True, True]
