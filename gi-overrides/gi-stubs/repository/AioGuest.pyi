# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from selectors import BaseSelector
from types import TracebackType
from typing import Any, Concatenate, Generic, Literal, ParamSpec, Self, TypeVar, overload

from gi.repository import Gio, GLib, GObject

__all__ = [
    'EventLoop',
    'Run',
    'call',
    'choose',
    'describe',
    'get_run',
    'handler',
    'run',
    'signals',
    'spawn',
    'start',
    'wait',
    'wait_signal',
    'wait_until',
]

_T = TypeVar('_T')
_R = TypeVar('_R')
_R_co = TypeVar('_R_co', covariant=True)
_P = ParamSpec('_P')
_Q = ParamSpec('_Q')
_Self = TypeVar('_Self')
_Object = TypeVar('_Object', bound=GObject.Object)
_WhileRunning = Literal['run', 'drop', 'queue', 'restart']
_Nested = Literal['run', 'rest']

class Error(GObject.GEnum):
    FAILED: Error
    NOT_POLLABLE: Error
    WRONG_THREAD: Error
    WRONG_STATE: Error
    ABANDONED: Error
    SYSTEM: Error

class PollMode(GObject.GEnum):
    AUTO: PollMode
    DIRECT: PollMode
    THREAD: PollMode

class PumpResult(GObject.GEnum):
    WAIT: PumpResult
    AGAIN: PumpResult

class RunState(GObject.GEnum):
    NEW: RunState
    RUNNING: RunState
    FINISHED: RunState

class Tick(GObject.GEnum):
    FAILED: Tick
    WAIT: Tick
    AGAIN: Tick
    FINISHED: Tick
    REST: Tick

DEFAULT_SLICE: int
MAJOR_VERSION: int
MINOR_VERSION: int
MICRO_VERSION: int
VERSION_S: str

def error_quark() -> int: ...
def source_new(run: Run) -> GLib.Source: ...

class Poller(GObject.Object):
    @classmethod
    def new(cls, fd: int, mode: PollMode) -> Poller: ...
    def get_fd(self) -> int: ...
    def get_mode(self) -> PollMode: ...
    def watch(self, fd: int, condition: GLib.IOCondition) -> bool: ...
    def unwatch(self, fd: int) -> bool: ...

class Pump(GObject.Object):
    @classmethod
    def new(cls, context: GLib.MainContext) -> Pump: ...
    def get_main_context(self) -> GLib.MainContext: ...
    def get_fd(self) -> int: ...
    def dispatch(self) -> PumpResult: ...
    def start_thread(self, notify: Callable[..., object], *user_data: Any) -> bool: ...
    def destroy(self) -> None: ...

class Run(GObject.Object):
    class Props:
        name: str
        priority: int
        slice: int
        period: int
        reentrant: bool
        @property
        def state(self) -> RunState: ...
        @property
        def poll_mode(self) -> PollMode: ...
        @property
        def ticks(self) -> int: ...
        @property
        def busy_time(self) -> int: ...
        @property
        def longest_tick(self) -> int: ...
        @property
        def deferred_slices(self) -> int: ...

    @property
    def props(self) -> Props: ...
    @property
    def loop(self) -> asyncio.AbstractEventLoop | None: ...
    @property
    def main_task(self) -> asyncio.Task[Any] | None: ...
    @classmethod
    def new(
        cls, poller: Poller, tick: Callable[..., tuple[Tick, int]], *user_data: Any
    ) -> Run: ...
    def attach(self, context: GLib.MainContext | None) -> bool: ...
    def stop(self) -> None: ...
    def wake(self) -> None: ...
    def restart_slice(self) -> int: ...
    def get_poller(self) -> Poller: ...
    def get_main_context(self) -> GLib.MainContext | None: ...
    def get_state(self) -> RunState: ...
    def get_error(self) -> GLib.Error | None: ...
    def get_name(self) -> str: ...
    def set_name(self, name: str | None) -> None: ...
    def get_priority(self) -> int: ...
    def set_priority(self, priority: int) -> None: ...
    def get_slice(self) -> int: ...
    def set_slice(self, slice: int) -> None: ...
    def get_period(self) -> int: ...
    def set_period(self, period: int) -> None: ...
    def get_reentrant(self) -> bool: ...
    def set_reentrant(self, reentrant: bool) -> None: ...
    def get_poll_mode(self) -> PollMode: ...
    def get_ticks(self) -> int: ...
    def get_busy_time(self) -> int: ...
    def get_longest_tick(self) -> int: ...
    def get_deferred_slices(self) -> int: ...

class EventLoop(asyncio.SelectorEventLoop):
    def __init__(
        self,
        selector: BaseSelector | None = None,
        *,
        main_context: GLib.MainContext | None = None,
        nested: _Nested = 'run',
    ) -> None: ...
    def run_forever(self) -> None: ...
    def stop(self) -> None: ...
    def add_signal_handler(
        self, sig: int, callback: Callable[..., object], *args: Any
    ) -> None: ...
    def remove_signal_handler(self, sig: int) -> bool: ...
    def running(self, quit_func: Callable[[], object]) -> AbstractContextManager[None]: ...
    def paused(self) -> AbstractContextManager[None]: ...

def start(
    coro: Coroutine[Any, Any, _T],
    *,
    done_callback: Callable[[asyncio.Task[_T]], object] | None = None,
    debug: bool | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
    context: contextvars.Context | None = None,
    main_context: GLib.MainContext | None = None,
    priority: int = ...,
    slice_us: int = ...,
    application: Gio.Application | None = None,
    shutdown_timeout: float | None = ...,
    name: str | None = None,
    nested: _Nested = 'run',
) -> asyncio.Task[_T]: ...
@overload
def run(
    coro: Coroutine[Any, Any, _T],
    *,
    done_callback: Callable[[asyncio.Task[_T]], object] | None = None,
    debug: bool | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
    context: contextvars.Context | None = None,
    main_context: GLib.MainContext | None = None,
    priority: int = ...,
    slice_us: int = ...,
    application: Gio.Application | None = None,
    shutdown_timeout: float | None = ...,
    name: str | None = None,
    nested: _Nested = 'run',
) -> _T: ...
@overload
def run(
    coro: Gio.Application,
    argv: Sequence[str] | None = None,
    *,
    main: Callable[[], Coroutine[Any, Any, _T]] | None = None,
    done_callback: Callable[[asyncio.Task[_T]], object] | None = None,
    debug: bool | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
    context: contextvars.Context | None = None,
    main_context: GLib.MainContext | None = None,
    priority: int = ...,
    slice_us: int = ...,
    application: Gio.Application | None = None,
    shutdown_timeout: float | None = ...,
    name: str | None = None,
    nested: _Nested = 'run',
) -> int: ...
def spawn(
    coro: Coroutine[Any, Any, _T],
    *,
    name: str | None = None,
    eager: bool = False,
    until: tuple[GObject.Object, str] | None = None,
) -> asyncio.Task[_T]: ...

class _BoundHandler(Generic[_P, _R_co]):
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R_co: ...
    def cancel(self) -> None: ...
    def is_running(self) -> bool: ...
    def tasks(self) -> list[asyncio.Task[Any]]: ...

class _Handler(Generic[_P, _R_co]):
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R_co: ...
    @overload
    def __get__(self, obj: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(
        self: _Handler[Concatenate[_Self, _Q], _R], obj: _Self, owner: type | None = None
    ) -> _BoundHandler[_Q, _R]: ...
    def cancel(self, obj: object = ...) -> None: ...
    def is_running(self, obj: object = ...) -> bool: ...
    def tasks(self, obj: object = ...) -> list[asyncio.Task[Any]]: ...

@overload
def handler(
    async_function: Callable[_P, Coroutine[Any, Any, object]],
    *,
    returns: None = None,
    while_running: _WhileRunning = 'run',
    eager: bool = True,
    until: str | tuple[GObject.Object, str] | None = None,
) -> _Handler[_P, None]: ...
@overload
def handler(
    async_function: Callable[_P, Coroutine[Any, Any, object]],
    *,
    returns: Callable[_P, _R],
    while_running: _WhileRunning = 'run',
    eager: bool = True,
    until: str | tuple[GObject.Object, str] | None = None,
) -> _Handler[_P, _R]: ...
@overload
def handler(
    async_function: Callable[_P, Coroutine[Any, Any, object]],
    *,
    returns: _R,
    while_running: _WhileRunning = 'run',
    eager: bool = True,
    until: str | tuple[GObject.Object, str] | None = None,
) -> _Handler[_P, _R]: ...
@overload
def handler(
    async_function: None = None,
    *,
    returns: None = None,
    while_running: _WhileRunning = 'run',
    eager: bool = True,
    until: str | tuple[GObject.Object, str] | None = None,
) -> Callable[[Callable[_P, Coroutine[Any, Any, object]]], _Handler[_P, None]]: ...
@overload
def handler(
    async_function: None = None,
    *,
    returns: Callable[..., _R],
    while_running: _WhileRunning = 'run',
    eager: bool = True,
    until: str | tuple[GObject.Object, str] | None = None,
) -> Callable[[Callable[_P, Coroutine[Any, Any, object]]], _Handler[_P, _R]]: ...
@overload
def handler(
    async_function: None = None,
    *,
    returns: _R,
    while_running: _WhileRunning = 'run',
    eager: bool = True,
    until: str | tuple[GObject.Object, str] | None = None,
) -> Callable[[Callable[_P, Coroutine[Any, Any, object]]], _Handler[_P, _R]]: ...
def wait(awaitable: Awaitable[_T], timeout: float | None = None) -> _T: ...
async def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any: ...
async def choose(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any: ...

class signals(AsyncIterator[tuple[Any, ...]]):
    def __init__(
        self,
        obj: GObject.Object,
        detailed_signal: str,
        *,
        maxsize: int = 64,
        when_full: Literal['drop-oldest', 'drop-newest', 'raise'] = 'drop-oldest',
        returns: Any = None,
    ) -> None: ...
    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> tuple[Any, ...]: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    async def aclose(self) -> None: ...

async def wait_signal(
    obj: GObject.Object,
    detailed_signal: str,
    timeout: float | None = None,
    *,
    predicate: Callable[..., object] | None = None,
    returns: Any = None,
) -> tuple[Any, ...]: ...
async def wait_until(
    obj: _Object, detailed_signal: str, predicate: Callable[[_Object], _T], *, timeout: float | None = None
) -> _T: ...
def describe() -> str: ...
def get_run(loop_or_task: asyncio.AbstractEventLoop | asyncio.Future[Any] | None = None) -> Run: ...
