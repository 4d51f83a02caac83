# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every exported function has a doc comment: what it is for, since when, and what of each value.

The GIR is what the comments become, so that is where to look."""

import sys
import xml.etree.ElementTree as ElementTree

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

CALLABLES = {CORE + tag for tag in ('function', 'method', 'constructor')}
DOCUMENTED = CALLABLES | {
    CORE + tag for tag in ('class', 'property', 'enumeration', 'callback', 'member', 'constant',
                           'function-macro')
} | {GLIB + 'signal'}


def name_of(element) -> str:
    return (element.get(C + 'identifier') or element.get(C + 'type') or element.get('name'))


def complaints(element) -> list[str]:
    doc = element.find(CORE + 'doc')
    if doc is None or not (doc.text or '').strip():
        return ['has no doc comment']

    found = []
    if element.tag != CORE + 'member' and element.get('version') is None:
        found.append('does not say since when')
    if element.tag in CALLABLES | {CORE + 'callback'}:
        value = element.find(CORE + 'return-value')
        if value.find(f'{CORE}type').get('name') != 'none' and value.find(CORE + 'doc') is None:
            found.append('does not say what it returns')
        for parameter in element.iter(CORE + 'parameter'):
            if parameter.find(CORE + 'doc') is None:
                found.append(f'does not document {parameter.get("name")}')
    return found


def main() -> int:
    gir, symbols = sys.argv[1:]
    elements = [element for element in ElementTree.parse(gir).getroot().iter()
                if element.tag in DOCUMENTED and element.get('moved-to') is None]

    with open(symbols, encoding='utf-8') as file:
        wanted = {line.strip() for line in file if line.strip() and not line.startswith('#')}
    # The functions that give a type are the GIR's glib:get-type.
    wanted = {symbol for symbol in wanted if not symbol.endswith('_get_type')}
    present = {element.get(C + 'identifier') for element in elements if element.tag in CALLABLES}

    print(f'1..{len(elements) + 1}')
    failures = 0
    for number, element in enumerate(elements, 1):
        found = complaints(element)
        print(f'{"not ok" if found else "ok"} {number} {name_of(element)}')
        for complaint in found:
            print(f'# {name_of(element)} {complaint}')
        failures += bool(found)

    missing = sorted(wanted - present)
    print(f'{"not ok" if missing else "ok"} {len(elements) + 1} every function is in the GIR')
    for symbol in missing:
        print(f'# {symbol}')

    return 1 if failures or missing else 0


sys.exit(main())
