# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What is measured: cases, what is aimed at, and how they are found."""

import dataclasses
import importlib
import pathlib
from collections.abc import Callable, Mapping

__all__ = ['Aim', 'Case', 'Unavailable', 'find_case', 'load_scenarios', 'scenario_names']


class Unavailable(Exception):
    """Raised by a case, or by a system's start: it can't be done here; the text says why."""


@dataclasses.dataclass(frozen=True)
class Aim:
    """A bound on one figure of AioGuest's.

    *what* is "ratio" (to plain asyncio in the same run) or "value"; *relation* is ">=" or "<=".
    """

    what: str
    relation: str
    bound: float

    def is_met(self, figure):
        return figure >= self.bound if self.relation == '>=' else figure <= self.bound

    def __str__(self):
        relation = {'>=': '≥', '<=': '≤'}[self.relation]
        return f'{relation} {self.bound:g}' + (' ×' if self.what == 'ratio' else '')


@dataclasses.dataclass(frozen=True)
class Case:
    """One piece of work, the same for every system.

    Exactly one of *measure* and *program* is given:

    * ``async def measure(host, **parameters)`` runs as the main task of the system;
    * ``def program(host, **parameters)`` is called with nothing running, and calls
      ``host.run(coroutine_function)`` as often as it needs.

    Either returns a float, or a dict of floats by the names of the figures. *unit*, *better*
    ("higher" or "lower") and *aim* (an :class:`Aim`) are for all figures, or a dict by name.
    """

    name: str
    unit: str | Mapping[str, str]
    better: str | Mapping[str, str] = 'higher'
    measure: Callable | None = None
    program: Callable | None = None
    parameters: Mapping = dataclasses.field(default_factory=dict)
    #: Parameters that ``--quick`` replaces.
    quick: Mapping = dataclasses.field(default_factory=dict)
    #: Parameters for the tests of the benchmarks themselves: as little as possible.
    tiny: Mapping = dataclasses.field(default_factory=dict)
    aim: Aim | Mapping[str, Aim] | None = None
    #: Figures whose ratio to asyncio alone says nothing.
    without_ratio: frozenset[str] = frozenset()
    #: The case needs a GLib main context that is iterated: nothing for asyncio alone.
    needs_host: bool = False
    #: Systems by name that the case is for; None for all that it can be run on.
    systems: tuple[str, ...] | None = None
    #: ``async def trio(host, **parameters)``: the same work written for Trio.
    trio: Callable | None = None
    #: ``def no_loop(**parameters)``: the same work without any loop, the bound for all.
    no_loop: Callable | None = None
    #: All threads and processes share one core, so that it does not matter what it costs this
    #: machine to wake another one.
    one_core: bool = False
    #: Rounds, if fewer do than are usual.
    rounds: int | None = None
    #: What the numbers count that name the figures, if these make a curve: "tasks".
    series: str = ''
    #: Seconds after which a measurement counts as stalled; where nothing is measured, in the size
    #: "tiny", only what hangs does.
    limit: float = 15.0
    #: One line for the report: what is done, and by whom.
    note: str = ''

    def __post_init__(self):
        if (self.measure is None) == (self.program is None):
            raise TypeError(f'{self.name}: give either measure or program')

    def _of(self, attribute, figure):
        value = getattr(self, attribute)
        return value.get(figure) if isinstance(value, Mapping) else value

    def unit_of(self, figure):
        return self._of('unit', figure) or ''

    def better_of(self, figure):
        return self._of('better', figure) or 'higher'

    def aim_of(self, figure):
        return self._of('aim', figure)

    def limit_for(self, size):
        return 300.0 if size == 'tiny' else self.limit

    def parameters_for(self, size):
        """*size* is "full", "quick" or "tiny"."""
        parameters = dict(self.parameters)
        if size != 'full':
            parameters.update(self.quick)
        if size == 'tiny':
            parameters.update(self.tiny)
        return parameters


def scenario_names():
    """The modules in ``scenarios/``, in the order of the report."""
    folder = pathlib.Path(__file__).parent / 'scenarios'
    names = sorted(path.stem for path in folder.glob('*.py') if not path.stem.startswith('_'))
    return sorted(names, key=lambda name: getattr(_module(name), 'ORDER', 100))


def _module(name):
    return importlib.import_module(f'scenarios.{name}')


def load_scenarios():
    """``{scenario name: module}``; a module has a docstring, ``CASES`` and maybe ``ORDER``."""
    return {name: _module(name) for name in scenario_names()}


def find_case(scenario, name):
    for case in _module(scenario).CASES:
        if case.name == name:
            return case
    raise LookupError(f'scenario {scenario} has no case {name!r}')
