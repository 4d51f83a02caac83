# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What is measured: cases, what is aimed at, and how they are found."""

import dataclasses
import importlib
import operator
import pathlib
from collections.abc import Callable, Mapping

from environments import DEFAULTS

__all__ = ['Aim', 'Case', 'Unavailable', 'find_case', 'load_scenarios', 'scenario_names']


class Unavailable(Exception):
    """Raised by a case, or by a system's start: it can't be done here; the text says why."""


_RELATIONS = {'>=': (operator.ge, '≥'), '<=': (operator.le, '≤'), '<': (operator.lt, '<')}


@dataclasses.dataclass(frozen=True)
class Aim:
    """A bound on one figure of AioGuest.

    *what* is

    * "ratio": the median of the ratios to the system *to* in the same round;
    * "value": the median;
    * "worst": the median in the environment in which it is worst;
    * "spread": the worst environment's median as a share of the best one's; 1 is best.

    *relation* is ">=", "<=" or "<". *variant* is the variant of the measurements that count.
    """

    what: str
    relation: str
    bound: float
    to: str = 'asyncio'
    variant: str = DEFAULTS

    def __post_init__(self):
        if self.what not in ('ratio', 'value', 'worst', 'spread'):
            raise ValueError(f'no aim is a {self.what!r}')

    def is_met(self, figure):
        return _RELATIONS[self.relation][0](figure, self.bound)

    def text(self, unit=''):
        """For people, with the unit of the figure."""
        of = {
            'ratio': f' × {self.to}',
            'spread': ' of the best environment',
            'worst': f' {unit} in the worst environment',
        }.get(self.what, f' {unit}')
        text = f'{_RELATIONS[self.relation][1]} {self.bound:g}{of}'.rstrip()
        return text if self.variant == DEFAULTS else f'{text}, {self.variant}'


@dataclasses.dataclass(frozen=True)
class Case:
    """One piece of work, the same for every system.

    Exactly one of *measure* and *program* is given:

    * ``async def measure(host, **parameters)`` runs as the main task of the system;
    * ``def program(host, **parameters)`` is called with nothing running, and calls
      ``host.run(coroutine_function)`` as often as it needs.

    Either returns a float, or a dict of floats by the names of the figures. *unit*, *better*
    ("higher" or "lower") and *aim* (an :class:`Aim`, or several in a tuple) are for all figures, or a
    dict by name.
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
    aim: Aim | tuple[Aim, ...] | Mapping[str, Aim | tuple[Aim, ...]] | None = None
    #: It reads from sockets or pipes, so that it depends on where malloc has its memory: measured in
    #: all environments, under strace, and once more with malloc's thresholds raised.
    reads: bool = False
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
    #: Rounds, if fewer than usual are enough.
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

    def aims_of(self, figure):
        aim = self._of('aim', figure) or ()
        return (aim,) if isinstance(aim, Aim) else tuple(aim)

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
