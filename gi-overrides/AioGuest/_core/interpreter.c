/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "interpreter.h"

/* Whether the interpreter is being finalized, or was: from then on taking the GIL hangs, or worse. */
gboolean
core_is_finalizing (void)
{
#if PY_VERSION_HEX >= 0x030d0000
  return !Py_IsInitialized () || Py_IsFinalizing ();
#else
  return !Py_IsInitialized () || _Py_IsFinalizing ();
#endif
}
