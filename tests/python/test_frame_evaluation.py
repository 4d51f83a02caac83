# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The interpreter's frame evaluation function (PEP 523), which is ours in nested main loops alone."""

import asyncio
import ctypes
import shutil
import subprocess
import sysconfig

import pytest
from gi.repository import GLib

import support
from collected import Collected
from host_callbacks import by_idle, check, host_variable, look, nest_in_task  # noqa: F401
from nests import NESTS


def get_evaluator():
    """Its address; that of the interpreter's own one if there is no other."""
    python = ctypes.pythonapi
    python.PyInterpreterState_Get.restype = ctypes.c_void_p
    python._PyInterpreterState_GetEvalFrameFunc.restype = ctypes.c_void_p
    interpreter = ctypes.c_void_p(python.PyInterpreterState_Get())
    return python._PyInterpreterState_GetEvalFrameFunc(interpreter)


DEFAULT_EVALUATOR = ctypes.cast(ctypes.pythonapi._PyEval_EvalFrameDefault, ctypes.c_void_p).value


@pytest.mark.parametrize("nest", NESTS)
def test_python_evaluates_frames_itself(nest):
    """In callbacks and from the first function that the step calls after the nested loop."""
    evaluators = []

    def record():
        evaluators.append(get_evaluator())

    async def main():
        seen = Collected()

        def callback():
            look(seen)
            record()

        GLib.idle_add(callback)
        record()
        await nest_in_task(lambda: NESTS[nest](seen))
        record()
        again = Collected()
        by_idle(again)
        NESTS[nest](again)
        await check(seen + again)

    support.run_in_main_loop(main())
    record()
    assert len(evaluators) == 4
    assert set(evaluators) == {DEFAULT_EVALUATOR}


def test_python_evaluates_frames_itself_in_the_next_step():
    """Though the step has called nothing after the nested loop."""
    evaluators = []

    async def main():
        loop = asyncio.get_running_loop()
        iteration = ctypes.CDLL("libglib-2.0.so.0").g_main_context_iteration
        # No Python frame but the loop's own around it.
        loop.call_soon(iteration, None, False)
        over = loop.create_future()
        loop.call_soon(lambda: (evaluators.append(get_evaluator()), over.set_result(None)))
        await over

    support.run_in_main_loop(main())
    assert evaluators == [DEFAULT_EVALUATOR]


EVALUATOR = """
#include <Python.h>

static _PyFrameEvalFunction next;
int count;

static PyObject *
evaluate (PyThreadState *thread, struct _PyInterpreterFrame *frame, int throwing)
{
  count++;
  return next (thread, frame, throwing);
}

void
install (void)
{
  next = _PyInterpreterState_GetEvalFrameFunc (PyInterpreterState_Get ());
  _PyInterpreterState_SetEvalFrameFunc (PyInterpreterState_Get (), evaluate);
}

void
uninstall (void)
{
  _PyInterpreterState_SetEvalFrameFunc (PyInterpreterState_Get (), next);
}
"""


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """A frame evaluation function such as debuggers and compilers have."""
    compiler = shutil.which("cc")
    include = sysconfig.get_path("include")
    if compiler is None:
        pytest.skip("there is no C compiler")
    library = tmp_path_factory.mktemp("foreign") / "foreign.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", f"-I{include}", "-x", "c", "-", "-o", library],
        input=EVALUATOR,
        text=True,
        check=True,
    )
    foreign = ctypes.PyDLL(library)
    foreign.install.restype = foreign.uninstall.restype = None
    return foreign


def test_evaluator_that_is_there_before(foreign):
    async def main():
        for _ in range(3):
            seen = Collected()
            by_idle(seen)
            await nest_in_task(lambda: NESTS["g_main_loop_run"](seen))  # noqa: B023
            await check(seen)

    count = ctypes.c_int.in_dll(foreign, "count")
    foreign.install()
    try:
        installed = get_evaluator()
        before = count.value
        support.run_in_main_loop(main())
        assert count.value > before
        assert get_evaluator() == installed
    finally:
        foreign.uninstall()
    assert get_evaluator() == DEFAULT_EVALUATOR


@pytest.mark.parametrize("stays", ["until the nested loop is over", "until the run is over"])
def test_evaluator_that_comes_during_a_nested_loop(foreign, stays):
    """It is not removed, and what it has put itself before goes on."""
    evaluators = []

    async def main():
        seen = Collected()

        def callback():
            look(seen)
            return len(seen) < 3

        # As a source's C code would, outside of any Python frame; before the callback.
        GLib.idle_add(foreign.install, priority=GLib.PRIORITY_HIGH)
        GLib.timeout_add(1, callback)
        await nest_in_task(lambda: NESTS["g_main_context_iteration"](seen))
        evaluators.append(get_evaluator())
        if stays == "until the nested loop is over":
            foreign.uninstall()
        seen_after = Collected()
        by_idle(seen_after)
        await nest_in_task(lambda: NESTS["g_main_loop_run"](seen_after))
        await check(seen + seen_after)

    support.run_in_main_loop(main())
    assert evaluators[0] != DEFAULT_EVALUATOR
    if stays == "until the run is over":
        assert get_evaluator() == evaluators[0]
        foreign.uninstall()
    # Ours, if theirs has put it back, goes with the next frame.
    (lambda: None)()
    assert get_evaluator() == DEFAULT_EVALUATOR
