# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""graph.py BUILD [--print]

Computes from the symbols of the object files which C file uses which other, in the library and in the module for
Python, and prints TAP. A file may not use, by way of others or not, one that uses it. In the module for Python the base
may not use what is asyncio's, but for the file that defines the module; and what is asyncio's may not use GLib's main
loop. With --print it prints the graph instead.
"""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

#: Name, where the objects are, and what their names begin with.
LIBRARIES = [
    ("library", "src/libaioguest-private.a.p", "aio-guest-"),
    ("module", "gi-overrides/AioGuest/_core.*.p", "_core_"),
]


def get_symbols(file):
    """What an object file defines for others, and what it uses of others."""
    output = subprocess.run(["nm", "--format=posix", file], check=True, stdout=subprocess.PIPE, text=True).stdout
    defined, used = set(), set()
    for line in output.splitlines():
        name, kind = line.split()[:2]
        if kind == "U":
            used.add(name)
        elif kind.isupper():
            defined.add(name)
    return defined, used


def get_graph(files):
    """File -> file -> the symbols by which the first one uses the second one."""
    symbols = {name: get_symbols(file) for name, file in files.items()}
    owners = {symbol: name for name, (defined, _) in symbols.items() for symbol in defined}
    graph = defaultdict(lambda: defaultdict(set))
    for name, (_, used) in symbols.items():
        for symbol in used & owners.keys():
            graph[name][owners[symbol]].add(symbol)
    return graph


def find_circles(graph):
    """The sets of files of which each uses each other one, by way of others or not (Tarjan)."""
    order, low, path, circles = {}, {}, [], []

    def visit(name):
        order[name] = low[name] = len(order)
        path.append(name)
        for other in sorted(graph.get(name, ())):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in path:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            start = path.index(name)
            circle = set(path[start:])
            del path[start:]
            if len(circle) > 1:
                circles.append(circle)

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return circles


#: Files of the module that belong to asyncio, and what defines it, and so uses all.
ASYNCIO, TOP = "asyncio_", "module"

#: GLib's functions for main loops and sources.
OF_MAIN_LOOPS = ("g_main_", "g_source_", "g_idle_", "g_timeout_", "g_unix_fd_")


def judge_wings(files, graph):
    """What is wrong between the base and what is asyncio's, in lines."""
    for user, used in sorted(graph.items()):
        for file in sorted(used):
            if file.startswith(ASYNCIO) and not user.startswith(ASYNCIO) and user != TOP:
                yield f"the base uses what is asyncio's: {user} -> {file}"
    for name, file in sorted(files.items()):
        if name.startswith(ASYNCIO):
            for symbol in sorted(get_symbols(file)[1]):
                if symbol.startswith(OF_MAIN_LOOPS):
                    yield f"asyncio's part uses GLib's main loop: {name} -> {symbol}"


def find_files(build, pattern, prefix):
    files = {}
    for file in sorted(Path(build).glob(f"{pattern}/*.c.o")):
        name = file.name.removesuffix(".c.o")
        if name.startswith(prefix):
            files[name.removeprefix(prefix)] = file
    return files


def print_graph(name, graph):
    print(f"{name}: {sum(map(len, graph.values()))} arrows")
    for user, used in sorted(graph.items()):
        for file, symbols in sorted(used.items()):
            print(f"  {user} -> {file}: {' '.join(sorted(symbols))}")
    for circle in find_circles(graph):
        print(f"  circle: {' '.join(sorted(circle))}")


def main(build, *options):
    found = [(name, find_files(build, pattern, prefix)) for name, pattern, prefix in LIBRARIES]
    if options == ("--print",):
        for name, files in found:
            print_graph(name, get_graph(files))
        return
    print(f"TAP version 13\n1..{len(found)}")
    failed = False
    for number, (name, files) in enumerate(found, 1):
        if not files:
            print(f"ok {number} - {name} # SKIP it was not built")
            continue
        graph = get_graph(files)
        wrong = [f"circle: {' '.join(sorted(circle))}" for circle in find_circles(graph)]
        wrong += judge_wings(files, graph)
        failed = failed or bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}: {len(files)} files")
        for line in wrong:
            print(f"# {line}")
    sys.exit(failed)


if __name__ == "__main__":
    main(*sys.argv[1:])
