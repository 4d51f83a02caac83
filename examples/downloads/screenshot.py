# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A picture of a window, taken by GTK itself: any display will do."""

import asyncio
import ctypes

from gi.repository import Gtk


def _render(window):
    """Render ``window`` as it is now; return a Gdk.Texture held by the caller.

    Render nodes are no GObjects, and PyGObject 3.42 can't hand one on.  The two
    calls that deal in them, and the release of the results, go to the C library.
    """
    paintable = Gtk.WidgetPaintable.new(window)
    snapshot = Gtk.Snapshot()
    paintable.snapshot(snapshot, paintable.get_intrinsic_width(), paintable.get_intrinsic_height())

    gtk = ctypes.CDLL('libgtk-4.so.1')
    to_node = gtk.gtk_snapshot_to_node
    to_node.argtypes, to_node.restype = [ctypes.c_void_p], ctypes.c_void_p
    render = gtk.gsk_renderer_render_texture
    render.argtypes, render.restype = [ctypes.c_void_p] * 3, ctypes.c_void_p
    unref_node = gtk.gsk_render_node_unref
    unref_node.argtypes, unref_node.restype = [ctypes.c_void_p], None

    node = to_node(_pointer(snapshot))
    if node is None:
        raise RuntimeError('the window shows nothing yet')
    try:
        return gtk, render(_pointer(window.get_renderer()), node, None)
    finally:
        unref_node(node)


def _pointer(gobject):
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.argtypes, get.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p
    return get(gobject.__gpointer__, None)


def _save(gtk, texture, path):
    save = gtk.gdk_texture_save_to_png
    save.argtypes, save.restype = [ctypes.c_void_p, ctypes.c_char_p], ctypes.c_int
    unref = gtk.g_object_unref
    unref.argtypes, unref.restype = [ctypes.c_void_p], None
    try:
        return bool(save(texture, str(path).encode()))
    finally:
        unref(texture)


async def _after_paint(window, function):
    """Call ``function(window)`` right after the next frame; return what it returns."""
    result = asyncio.get_running_loop().create_future()

    def on_after_paint(clock):
        if not result.done():
            try:
                result.set_result(function(window))
            except Exception as error:
                result.set_exception(error)

    clock = window.get_frame_clock()
    handler = clock.connect('after-paint', on_after_paint)
    window.queue_draw()
    try:
        return await result
    finally:
        clock.disconnect(handler)


async def save_screenshot(window, path):
    """Save what ``window`` shows now as a PNG file."""
    # At any other time some widgets may just have nothing to show.
    gtk, texture = await _after_paint(window, _render)
    # Compressing takes longer than a frame may; ctypes lets go of the GIL.
    if not await asyncio.to_thread(_save, gtk, texture, path):
        raise OSError(f'cannot write the screenshot {str(path)!r}')
