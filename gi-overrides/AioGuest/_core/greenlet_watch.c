/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "greenlet_watch.h"

/*
 * A GreenletWatch is a trace function for the package greenlet, which calls it after each switch on
 * this thread. It notes where each greenlet was begun: how deep in dispatches of main loops, and
 * where on the C stack. The package does not provide either.
 */

typedef struct
{
  PyObject *weakref;
  int depth;     /* g_main_depth() when it was begun; -1 if unknown */
  gsize address; /* of the C stack, a little below where it begins; G_MAXSIZE if unknown */
} Begun;

typedef struct
{
  PyObject_HEAD

  GHashTable *begun; /* greenlet, without a reference -> Begun */
  PyObject *previous; /* the trace function that was set before, or None */
} GreenletWatch;

static void
begun_free (gpointer data)
{
  Begun *begun = data;

  Py_XDECREF (begun->weakref);
  g_free (begun);
}

/* Returns a new reference to the greenlet of a weak reference, or NULL if the greenlet was freed.
 * Takes over the reference to @weakref. */
static PyObject *
take_greenlet (PyObject *weakref)
{
  PyObject *greenlet = PyObject_CallNoArgs (weakref);

  Py_DECREF (weakref);
  if (greenlet == NULL)
    PyErr_Clear ();
  else if (greenlet == Py_None)
    Py_CLEAR (greenlet);

  return greenlet;
}

static gboolean
is_known (GreenletWatch *self, PyObject *greenlet)
{
  Begun *begun = g_hash_table_lookup (self->begun, greenlet);
  PyObject *known;

  if (begun == NULL)
    return FALSE;

  /* A greenlet that was freed may have had the same address. */
  known = take_greenlet (Py_NewRef (begun->weakref));
  Py_XDECREF (known);
  return known == greenlet;
}

static int
add (GreenletWatch *self, PyObject *greenlet, int depth, gsize address)
{
  Begun *begun;
  PyObject *weakref;

  if (is_known (self, greenlet))
    return 0;

  weakref = PyWeakref_NewRef (greenlet, NULL);
  if (weakref == NULL)
    return -1;

  begun = g_new (Begun, 1);
  begun->weakref = weakref;
  begun->depth = depth;
  begun->address = address;
  g_hash_table_replace (self->begun, greenlet, begun);
  return 0;
}

static PyObject *
watch_call (PyObject *object, PyObject *args, PyObject *kwargs)
{
  GreenletWatch *self = (GreenletWatch *) object;
  PyObject *event, *origin, *target;
  int is_origin_there;

  if (!PyArg_ParseTuple (args, "O(OO):GreenletWatch", &event, &origin, &target))
    return NULL;

  /* If this function failed, the package would not call it any more. */
  is_origin_there = PyObject_IsTrue (origin);
  if (is_origin_there < 0 ||
      add (self, target, g_main_depth (), (gsize) __builtin_frame_address (0)) < 0)
    PyErr_WriteUnraisable (object);
  if (is_origin_there == 0)
    g_hash_table_remove (self->begun, origin);

  if (self->previous == Py_None)
    Py_RETURN_NONE;

  return PyObject_Call (self->previous, args, kwargs);
}

/* For a greenlet that was begun before the watch. */
static PyObject *
watch_add (PyObject *object, PyObject *greenlet)
{
  if (add ((GreenletWatch *) object, greenlet, -1, G_MAXSIZE) < 0)
    return NULL;

  Py_RETURN_NONE;
}

static PyObject *
watch_get_begun_outside (PyObject *object, PyObject *args)
{
  GreenletWatch *self = (GreenletWatch *) object;
  g_autoptr (GPtrArray) weakrefs = NULL;
  PyObject *found;
  GHashTableIter iter;
  gpointer value;
  int depth;
  Py_ssize_t place;

  if (!PyArg_ParseTuple (args, "in:get_begun_outside", &depth, &place))
    return NULL;

  /* Calls of Python code may switch greenlets, which changes the table. So they come after the
   * loop. */
  weakrefs = g_ptr_array_new ();
  g_hash_table_iter_init (&iter, self->begun);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Begun *begun = value;

      if (begun->depth < depth || begun->address >= (gsize) place)
        g_ptr_array_add (weakrefs, Py_NewRef (begun->weakref));
    }

  found = PyList_New (0);
  for (guint i = 0; i < weakrefs->len; i++)
    {
      PyObject *greenlet = take_greenlet (g_ptr_array_index (weakrefs, i));

      if (greenlet != NULL && found != NULL && PyList_Append (found, greenlet) < 0)
        Py_CLEAR (found);

      Py_XDECREF (greenlet);
    }

  return found;
}

static PyObject *
watch_get_previous (PyObject *object, G_GNUC_UNUSED void *closure)
{
  return Py_NewRef (((GreenletWatch *) object)->previous);
}

static PyObject *
watch_new (PyTypeObject *type, PyObject *args, G_GNUC_UNUSED PyObject *kwargs)
{
  GreenletWatch *self;
  PyObject *previous;

  if (!PyArg_ParseTuple (args, "O:GreenletWatch", &previous))
    return NULL;

  self = (GreenletWatch *) type->tp_alloc (type, 0);
  if (self == NULL)
    return NULL;

  self->previous = Py_NewRef (previous);
  self->begun = g_hash_table_new_full (NULL, NULL, NULL, begun_free);
  return (PyObject *) self;
}

static int
watch_traverse (PyObject *object, visitproc visit, void *arg)
{
  Py_VISIT (Py_TYPE (object));
  Py_VISIT (((GreenletWatch *) object)->previous);
  return 0;
}

static int
watch_clear (PyObject *object)
{
  Py_CLEAR (((GreenletWatch *) object)->previous);
  return 0;
}

static void
watch_dealloc (PyObject *object)
{
  GreenletWatch *self = (GreenletWatch *) object;
  PyTypeObject *type = Py_TYPE (object);

  PyObject_GC_UnTrack (object);
  watch_clear (object);
  g_clear_pointer (&self->begun, g_hash_table_unref);
  type->tp_free (object);
  Py_DECREF (type);
}

static PyMethodDef watch_methods[] = {
  { "add", watch_add, METH_O,
    PyDoc_STR ("add(greenlet)\n--\n\nNote a greenlet that was begun at an unknown place.") },
  { "get_begun_outside", watch_get_begun_outside, METH_VARARGS,
    PyDoc_STR ("get_begun_outside(depth, place)\n--\n\n"
               "Return the greenlets that were begun less deep in dispatches than *depth*, or not\n"
               "below the address *place* of the C stack, or at an unknown place. Some of them may\n"
               "have ended.") },
  { NULL },
};

static PyGetSetDef watch_getset[] = {
  { "previous", watch_get_previous, NULL,
    PyDoc_STR ("The trace function that was set before, and that this one calls; or None."), NULL },
  { NULL },
};

static PyType_Slot watch_slots[] = {
  { Py_tp_doc, (void *) "GreenletWatch(previous)\n--\n\n"
                        "A trace function for greenlet.settrace(). It notes where greenlets are begun." },
  { Py_tp_new, watch_new },
  { Py_tp_call, watch_call },
  { Py_tp_dealloc, watch_dealloc },
  { Py_tp_traverse, watch_traverse },
  { Py_tp_clear, watch_clear },
  { Py_tp_methods, watch_methods },
  { Py_tp_getset, watch_getset },
  { 0, NULL },
};

PyType_Spec greenlet_watch_spec = {
  .name = "gi.overrides.AioGuest._core.GreenletWatch",
  .basicsize = sizeof (GreenletWatch),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
  .slots = watch_slots,
};

/* Returns a list of the objects of a type that Python's garbage collector tracks. */
PyObject *
core_find_instances (G_GNUC_UNUSED PyObject *module, PyObject *type)
{
  PyObject *gc, *objects = NULL, *found = NULL;

  if (!PyType_Check (type))
    {
      PyErr_SetString (PyExc_TypeError, "find_instances() takes a type");
      return NULL;
    }

  gc = PyImport_ImportModule ("gc");
  if (gc != NULL)
    objects = PyObject_CallMethod (gc, "get_objects", NULL);
  if (objects != NULL)
    found = PyList_New (0);

  for (Py_ssize_t i = 0; found != NULL && i < PyList_GET_SIZE (objects); i++)
    {
      PyObject *object = PyList_GET_ITEM (objects, i);

      if (PyObject_TypeCheck (object, (PyTypeObject *) type) && PyList_Append (found, object) < 0)
        Py_CLEAR (found);
    }

  Py_XDECREF (objects);
  Py_XDECREF (gc);
  return found;
}
