# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SQLAlchemy's asyncio extension, which awaits in greenlets, under a guest run."""

import asyncio

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.util import await_only, greenlet_spawn

import support  # first: it names the version of AioGuest

from gi.repository import AioGuest, GLib  # noqa: E402

from collected import Collected  # noqa: E402
from greenlet_storm import Storm, check_storm  # noqa: E402


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


@pytest.fixture(params=sorted(support.HOSTS))
def run(request):
    return support.HOSTS[request.param]


@pytest.fixture
def with_engine(tmp_path):
    """An async function that calls another one with a database of its own."""

    async def with_engine(function):
        engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/items.db")
        try:
            async with engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
            async with AsyncSession(engine) as session, session.begin():
                session.add_all(Item(number=number, name=f"item {number}") for number in range(20))
            return await function(engine)
        finally:
            await engine.dispose()

    return with_engine


async def query(engine, rounds=20):
    """What asks must get its own answers."""
    for number in range(rounds):
        async with engine.connect() as connection:
            result = await connection.execute(text("select :number"), {"number": number})
            assert result.scalar_one() == number
        async with AsyncSession(engine) as session:
            item = (await session.execute(select(Item).where(Item.number == number % 20))).scalar_one()
            assert item.name == f"item {number % 20}"
    return "asked"


def nest():
    main_loop = GLib.MainLoop()
    GLib.timeout_add(5, main_loop.quit)
    main_loop.run()


def test_queries(run, with_engine):
    async def main(engine):
        return await asyncio.gather(*(query(engine) for _ in range(5)))

    assert run(with_engine(main)) == ["asked"] * 5


def test_main_loop_in_a_hook(run, with_engine, caplog):
    """Run by the library, in the greenlet of a query."""
    hooked = []

    async def main(engine):
        @event.listens_for(engine.sync_engine, "before_cursor_execute")
        def hook(*args):
            hooked.append(None)
            if len(hooked) % 10 == 0:
                nest()

        return await asyncio.gather(*(query(engine) for _ in range(3)))

    assert run(with_engine(main)) == ["asked"] * 3
    assert len(hooked) >= 120
    assert [record.getMessage().startswith("asyncio rests") for record in caplog.records] == [True]


def test_main_loop_of_the_host(run, with_engine):
    """Beside queries, and after them."""
    nested = Collected()

    async def main(engine):
        task = asyncio.ensure_future(asyncio.gather(*(query(engine) for _ in range(3))))

        def in_host():
            nest()
            nested.append(None)
            return len(nested) < 20

        GLib.timeout_add(3, in_host)
        answers = await task
        await nested.reaches(20)
        return answers

    assert run(with_engine(main)) == ["asked"] * 3


def test_wait_in_run_sync(run, with_engine):
    def ask(connection):
        with pytest.raises(RuntimeError, match="inside a greenlet of"):
            AioGuest.wait(asyncio.sleep(0))
        return connection.execute(text("select 7")).scalar_one()

    async def main(engine):
        async def ask_sync():
            async with engine.connect() as connection:
                return await connection.run_sync(ask)

        return await asyncio.gather(query(engine), ask_sync())

    assert run(with_engine(main)) == ["asked", 7]


def test_wait_between_queries(run, with_engine):
    async def main(engine):
        assert AioGuest.wait(query(engine, 3)) == "asked"
        return await query(engine, 3)

    assert run(with_engine(main)) == "asked"


def test_storm(record_property):
    check_storm(greenlet_spawn, await_only, record_property)


def test_storm_of_sessions(record_property, with_engine):
    """What is awaited and waited for are queries."""

    class SessionStorm(Storm):
        async def give(self, value):
            number = self.choice.randrange(2**31)
            async with AsyncSession(self.engine) as session:
                result = await session.execute(text("select :number"), {"number": number})
                if result.scalar_one() != number:
                    self.problems.append("another's row was fetched")
            return value

        async def main(self):
            async def run(engine):
                self.engine = engine
                await super(SessionStorm, self).main()

            await with_engine(run)

    check_storm(greenlet_spawn, await_only, record_property, SessionStorm)
