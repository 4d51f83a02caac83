# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""readme-manifest.py MANIFEST ARCHIVE > NEW-MANIFEST

The manifest of an application that has copied README's module: MANIFEST with other modules. They are README's,
with this archive in the place of the one that is named there, and the example's program by itself.
"""

import hashlib
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main(manifest, archive):
    manifest = json.loads(pathlib.Path(manifest).read_text())
    archive = pathlib.Path(archive).resolve()
    block, = re.findall(r'```json\n(.*?)```', (ROOT / 'README.md').read_text(), re.DOTALL)
    module = json.loads(block)
    source, = module['sources']
    assert sorted(source) == ['sha256', 'type', 'url'] and source['type'] == 'archive', source
    module['sources'] = [{
        'type': 'archive',
        'path': str(archive),
        'sha256': hashlib.sha256(archive.read_bytes()).hexdigest(),
    }]
    program = {
        'name': 'program',
        'buildsystem': 'simple',
        'build-commands': ['install -D hello.py /app/bin/' + manifest['command']],
        'sources': [{'type': 'file', 'path': str(ROOT / 'examples/application/hello.py')}],
    }
    print(json.dumps({**manifest, 'modules': [module, program]}, indent=4))


main(*sys.argv[1:])
