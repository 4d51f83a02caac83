# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A connection to a signal that keeps neither of its ends alive."""

import weakref

from gi.repository import GObject

__all__ = ['Connection']


class Connection:
    """A signal of a GObject, connected until :meth:`disconnect`, or until one of the two ends goes.

    *on_emission* and *on_finalized* are methods of the receiver, which they do not keep alive. The first one
    is called for each emission with the signal's arguments, without the object, in a tuple; the second one once,
    when the object is finalized. Both are called on the thread that does this. *returns* is what the handler
    returns to the emission; a function is called with the object and the signal's arguments. Raises TypeError
    if there is no such signal.
    """

    def __init__(self, obj, detailed_signal, on_emission, on_finalized, returns=None):
        if not isinstance(obj, GObject.Object):
            raise TypeError(f'obj must be a GObject, not {obj!r}')
        on_emission = weakref.WeakMethod(on_emission)
        on_finalized = weakref.WeakMethod(on_finalized)

        def emitted(obj, *args):
            receive = on_emission()
            if receive is not None:
                receive(args)
            return returns(obj, *args) if callable(returns) else returns

        def finalized():
            self._object = None
            receive = on_finalized()
            if receive is not None:
                receive()

        self._handler = obj.connect(detailed_signal, emitted)
        try:
            self._object = obj.weak_ref(finalized)
        except BaseException:
            obj.disconnect(self._handler)
            raise

    def disconnect(self):
        # Given up, too: the collector does not see what PyGObject's weak references hold.
        reference, self._object = self._object, None
        obj = None if reference is None else reference()
        if obj is not None:
            obj.disconnect(self._handler)
            reference.unref()
