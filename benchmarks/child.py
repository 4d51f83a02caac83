# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""One measurement, alone in its process: ``child.py SYSTEM SCENARIO CASE [PARAMETERS]``.

The last line of the standard output is a JSON object: ``values`` (figures by name) or
``unavailable`` (why not), ``cpu`` (seconds that the process has used) and ``waited`` (seconds that its
main thread could have run, but others had the processor).
``child.py --probe SYSTEM`` only starts the system and ends with its ``version``.
"""

import environments

# Before anything else is imported, as the user's program is.
environments.compile_program()

import asyncio
import importlib.metadata
import json
import os
import sys
import time
import warnings

from cases import Unavailable, find_case
from systems import NO_LOOP, Host, find_system


def probe(system):
    async def main():
        return 42

    async def sleeping():
        await asyncio.sleep(0.001)
        return await main()

    result = system.run(main if system.flavour == 'trio' else sleeping)
    if result != 42:
        raise RuntimeError(f'{system.name} returned {result!r}')
    return {'version': _version(system)}


def _version(system):
    if system.distribution == 'PyGObject':
        import gi

        return f'PyGObject {gi.__version__}'
    if not system.distribution:
        return ''
    version = importlib.metadata.version(system.distribution)
    if system.environment != 'default':
        import gi

        version += f', PyGObject {gi.__version__}'
    return version


def measure(system, case, parameters):
    if system is None:
        values = case.no_loop(**parameters)
    else:
        host = Host(system)
        function = case.measure
        if system.flavour == 'trio':
            function = case.trio
        if function is None:
            values = case.program(host, **parameters)
        else:
            values = host.run(lambda: function(host, **parameters))
    if not isinstance(values, dict):
        values = {'': values}
    return {'values': {name: float(value) for name, value in values.items()}}


def waited_for_cpu():
    try:
        with open('/proc/self/schedstat', encoding='ascii') as file:
            return int(file.read().split()[1]) / 1e9
    except OSError:
        return None


def main(arguments):
    # Peers that use what newer versions deprecate: that is no result.
    warnings.simplefilter('ignore', DeprecationWarning)
    warnings.simplefilter('ignore', ImportWarning)
    if arguments[0] == '--probe':
        result = probe(find_system(arguments[1]))
    else:
        name, scenario, case = arguments[:3]
        parameters = json.loads(arguments[3]) if len(arguments) > 3 else None
        case = find_case(scenario, case)
        if parameters is None:
            parameters = case.parameters_for('full')
        if case.one_core:
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        try:
            result = measure(None if name == NO_LOOP else find_system(name), case, parameters)
        except Unavailable as reason:
            result = {'unavailable': str(reason)}
    result['cpu'] = time.process_time()
    result['waited'] = waited_for_cpu()
    print(json.dumps(result), flush=True)


if __name__ == '__main__':
    main(sys.argv[1:])
