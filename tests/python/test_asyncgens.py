# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asynchronous generators are finalised by the run."""

import asyncio
import gc
import sys

import pytest
from gi.repository import GLib

import support
from collected import Collected


def test_unfinished_generator_is_closed_at_the_end(run):
    order = []

    async def generate():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            order.append("closed")

    async def main():
        generator = generate()
        assert await anext(generator) == 1
        return generator

    generator = run(main())
    assert order == ["closed"]
    del generator


def test_dropped_generator_is_closed_soon(run):
    async def main():
        loop = asyncio.get_running_loop()
        closed = loop.create_future()

        async def generate():
            try:
                yield 1
            finally:
                await asyncio.sleep(0)
                closed.set_result("closed")

        async for _ in generate():
            break
        gc.collect()
        return await closed

    assert run(main()) == "closed"


def test_generator_first_iterated_in_a_task_of_a_host_callback():
    closed = []

    async def generate():
        try:
            yield 1
        finally:
            closed.append(True)

    async def iterate(generators):
        generators.append(generate())
        await anext(generators[0])

    async def main():
        generators = Collected()
        GLib.idle_add(lambda: asyncio.create_task(iterate(generators)) and False)
        await generators.until()
        await asyncio.sleep(0.001)
        return generators

    generators = support.run_in_main_loop(main())
    assert closed == [True]
    del generators


async def generate(told, name="generator"):
    try:
        while True:
            yield name
            await asyncio.sleep(0)
    finally:
        await asyncio.sleep(0.01)
        told.append(f"{name} closed")


async def iterate(told, name="generator"):
    """Ends in the middle of it: nobody else has the generator."""
    async for _ in generate(told, name):
        await asyncio.sleep(3600)


def test_generator_that_a_cancelled_task_drops_is_closed_whole(run, capfd):
    told = []

    async def main():
        asyncio.create_task(iterate(told))
        await asyncio.sleep(0.001)

    run(main())
    assert told == ["generator closed"]
    assert capfd.readouterr().err == ""


def test_generator_that_the_cancelled_main_task_drops_is_closed_whole(run, capfd):
    told = []

    async def main():
        asyncio.get_running_loop().call_later(0.001, asyncio.current_task().cancel)
        await iterate(told)

    with pytest.raises(asyncio.CancelledError):
        run(main())
    gc.collect()
    assert told == ["generator closed"]
    assert capfd.readouterr().err == ""


def test_generator_that_the_main_task_drops_in_its_last_step_is_closed_whole(run):
    told = []

    async def main():
        async for name in generate(told):
            return name

    assert run(main()) == "generator"
    assert told == ["generator closed"]


def test_generator_that_another_drops_is_closed_whole(run):
    """Its clean-up iterates one, and drops that."""
    told = []

    async def outer():
        try:
            yield
        finally:
            async for _ in generate(told, "inner"):
                break
            told.append("outer closed")

    async def task():
        async for _ in outer():
            await asyncio.sleep(3600)

    async def main():
        asyncio.create_task(task())
        await asyncio.sleep(0.001)

    run(main())
    assert told == ["outer closed", "inner closed"]


def test_clean_up_of_a_generator_that_does_not_end_is_given_up(run):
    over = []

    async def hanging():
        try:
            yield
        finally:
            try:
                await asyncio.sleep(3600)
            finally:
                over.append(True)

    async def drop():
        async for _ in hanging():
            break
        await asyncio.sleep(3600)

    async def main():
        kept = hanging()
        await anext(kept)
        asyncio.create_task(drop())
        await asyncio.sleep(0.001)
        return kept

    with pytest.warns(ResourceWarning) as record:
        kept = run(main(), shutdown_timeout=0.05)
    gave_up = sorted(str(warning.message).removeprefix("AioGuest gave up ") for warning in record)
    assert [text.split()[0] for text in gave_up] == ["<Task", "closing"]
    del kept
    gc.collect()


def test_hooks_are_put_back(run):
    before = sys.get_asyncgen_hooks()

    async def main():
        assert sys.get_asyncgen_hooks() != before

    run(main())
    assert sys.get_asyncgen_hooks() == before


def test_hooks_are_put_back_after_failure(run):
    before = sys.get_asyncgen_hooks()

    async def main():
        raise LookupError

    with pytest.raises(LookupError):
        run(main())
    assert sys.get_asyncgen_hooks() == before


def test_error_while_closing_is_reported_as_by_asyncio():
    contexts = []

    async def generate():
        try:
            yield 1
        finally:
            raise LookupError("in clean-up")

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: contexts.append(context))
        generator = generate()
        await anext(generator)
        return generator

    def seen():
        result = [
            (context["message"].partition("<")[0], set(context), type(context["exception"]))
            for context in contexts
        ]
        contexts.clear()
        return result

    asyncio.run(main(), debug=False)
    expected = seen()
    assert len(expected) == 1
    support.run_owning(main())
    assert seen() == expected
