# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the project anew in a temporary directory, installs it, and uses what was installed.

TAP on standard output. The environment's own search paths are taken out first, so that nothing
can come from a build tree."""

import argparse
import glob
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import textwrap
import traceback

HERE = pathlib.Path(__file__).resolve().parent

SEARCH_PATHS = ('LD_LIBRARY_PATH', 'GI_TYPELIB_PATH', 'PYTHONPATH', 'PKG_CONFIG_PATH',
                'XDG_DATA_DIRS', 'DESTDIR', 'CFLAGS', 'LDFLAGS', 'G_DEBUG')
CLEAN = {name: value for name, value in os.environ.items()
         if name not in SEARCH_PATHS and not name.startswith(('AIOGUEST_', 'MESON'))}

HEADERS = ('aio-guest.h', 'aio-guest-enum-types.h', 'aio-guest-enums.h', 'aio-guest-error.h',
           'aio-guest-poller.h', 'aio-guest-pump.h', 'aio-guest-run.h', 'aio-guest-source.h', 'aio-guest-types.h',
           'aio-guest-version.h', 'aio-guest-version-macros.h')

COMPILER = os.environ.get('CC', 'cc').split()


class Skip(Exception):
    pass


def run(*command, env=None, cwd=None) -> str:
    """The command's output; its failure is the test's, with all it said."""
    done = subprocess.run([str(part) for part in command], env={**CLEAN, **(env or {})}, cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, (
        f'{" ".join(map(str, command))} exited with {done.returncode}:\n{done.stdout[-4000:]}')
    return done.stdout


def only(pattern: str) -> pathlib.Path:
    found = glob.glob(pattern, recursive=True)
    assert len(found) == 1, f'{pattern}: {found}'
    return pathlib.Path(found[0])


def files_below(directory: pathlib.Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob('*') if path.is_file())


class Checks:
    """The checks of one name, in order; each builds on those before it."""

    def __init__(self, options, root: pathlib.Path):
        self.options = options
        self.root = root
        self.build = root / 'build'
        self.prefix = root / 'prefix'

    def meson(self, *arguments, **kwargs) -> str:
        return run(*self.options.meson, *arguments, **kwargs)

    def setup(self, *arguments) -> None:
        self.meson('setup', self.build, self.options.source, '-Dtests=false', '-Dexamples=false',
                   *arguments)
        self.meson('compile', '-C', self.build)

    def has(self, part: str) -> bool:
        return getattr(self.options, part) == 'enabled'

    def need(self, part: str) -> None:
        if not self.has(part):
            raise Skip(f'{part} is disabled')

    def parts(self) -> list[str]:
        parts = [f'-D{part}={getattr(self.options, part)}'
                 for part in ('introspection', 'bindings', 'vapi')]
        return parts + ([f'-Dpython={self.options.python}'] if self.has('bindings') else [])

    # prefix: staged as a distribution does it, then into a prefix of one's own

    def prefix_builds(self):
        self.setup('--prefix=/usr', *self.parts())

    def prefix_stages(self):
        stage = self.root / 'stage'
        self.meson('install', '-C', self.build, '--no-rebuild', '--destdir', stage)
        self.staged = stage
        self.libdir = only(f'{stage}/usr/lib/**/libaioguest-1.0.so').parent
        for header in HEADERS:
            assert (stage / 'usr/include/aioguest-1.0' / header).is_file(), header
        private = glob.glob(f'{stage}/usr/include/**/*private*', recursive=True)
        assert not private, private
        # The example application is installed by an option only.
        example = glob.glob(f'{stage}/**/*Hello*', recursive=True) + glob.glob(f'{stage}/usr/bin/*')
        assert not example, example

    def prefix_is_where_pkg_config_looks(self):
        pc = only(f'{self.staged}/**/aioguest-1.0.pc')
        looked = run('pkg-config', '--variable', 'pc_path', 'pkg-config').strip().split(':')
        assert f'/{pc.parent.relative_to(self.staged)}' in looked, (pc, looked)
        assert str(self.staged) not in pc.read_text()

    def prefix_is_where_introspection_looks(self):
        self.need('introspection')
        gir = only(f'{self.staged}/**/AioGuest-1.0.gir')
        assert gir == self.staged / 'usr/share/gir-1.0/AioGuest-1.0.gir', gir
        # Beside GLib's own, which is found without being told.
        typelib = only(f'{self.staged}/**/AioGuest-1.0.typelib')
        own = run('pkg-config', '--variable', 'typelibdir', 'gobject-introspection-1.0').strip()
        assert f'/{typelib.parent.relative_to(self.staged)}' == own, (typelib, own)
        assert 'shared-library="libaioguest-1.0.so.0"' in gir.read_text()

    def prefix_is_where_vala_looks(self):
        self.need('vapi')
        assert (self.staged / 'usr/share/vala/vapi/aioguest-1.0.vapi').is_file()
        assert (self.staged / 'usr/share/vala/vapi/aioguest-1.0.deps').is_file()

    def prefix_is_where_python_looks(self):
        self.need('bindings')
        init = only(f'{self.staged}/**/gi/overrides/AioGuest/__init__.py')
        core = only(f'{self.staged}/**/gi/overrides/AioGuest/_core*.so')
        assert init.parent == core.parent, (init, core)
        entry = f'/{init.parents[3].relative_to(self.staged)}'
        path = run(self.options.python, '-I', '-c', 'import sys; print(*sys.path, sep="\\n")')
        assert entry in path.split('\n'), (entry, path)
        top = glob.glob(f'{self.staged}/{entry}/*')
        assert sorted(os.path.basename(name) for name in top) == ['gi', 'gi-stubs'], top
        assert (init.parents[3] / 'gi-stubs/repository/AioGuest.pyi').is_file()

    def prefix_installs(self):
        self.meson('configure', self.build, f'-Dprefix={self.prefix}')
        self.meson('install', '-C', self.build)
        shutil.rmtree(self.staged)

    def prefix_uninstalls(self):
        self.need('bindings')
        self.stubs = only(f'{self.prefix}/**/gi-stubs')
        self.meson('--internal', 'uninstall', cwd=self.build)
        # What Python has compiled stays, as ever.
        left = [name for name in files_below(self.prefix) if not name.endswith('.pyc')]
        assert not left and not self.stubs.exists(), left

    def prefix_leaves_the_stubs_of_pygobject_alone(self):
        self.need('bindings')
        (self.stubs / 'repository').mkdir(parents=True, exist_ok=True)
        (self.stubs / 'repository/GObject.pyi').touch()
        self.meson('setup', '--reconfigure', self.build, self.options.source)
        self.meson('install', '-C', self.build)
        assert files_below(self.stubs) == ['repository/AioGuest.pyi', 'repository/GObject.pyi']

    def prefix_is_all_there_is(self):
        self.meson('install', '-C', self.build)
        # From here on there is no build tree to fall back on.
        shutil.rmtree(self.build)

        self.libdir = only(f'{self.prefix}/lib/**/libaioguest-1.0.so').parent
        assert (self.libdir / 'libaioguest-1.0.so.0').exists()
        self.found = {'PKG_CONFIG_PATH': str(self.libdir / 'pkgconfig'),
                      'LD_LIBRARY_PATH': str(self.libdir)}

    def prefix_compiles_a_c_program(self):
        flags = run('pkg-config', '--cflags', '--libs', 'aioguest-1.0', env=self.found).split()
        assert f'-I{self.prefix}/include/aioguest-1.0' in flags, flags
        program = self.root / 'program-c'
        run(*COMPILER, '-Wall', '-Wextra', '-Werror', HERE / 'program.c', '-o', program, *flags)
        version = run('pkg-config', '--modversion', 'aioguest-1.0', env=self.found).strip()
        assert run(program, env=self.found) == f'{version}: 5 ticks\n'

    def prefix_compiles_a_vala_program(self):
        self.need('vapi')
        if shutil.which('valac') is None:
            raise Skip('there is no valac')
        program = self.root / 'program-vala'
        # valac leaves intermediate files where it runs.
        # In the releases that lead to 1.0 all is marked as there since 1.0, and valac would wait.
        version = run('pkg-config', '--modversion', 'aioguest-1.0', env=self.found).strip()
        early = ['--disable-since-check'] if version.startswith('0.') else []
        run('valac', *early, '--vapidir', self.prefix / 'share/vala/vapi', '--pkg',
            'aioguest-1.0', '-X', '-w', '-o', program, HERE / 'program.vala',
            env=self.found, cwd=self.root)
        assert run(program, env=self.found) == '5 ticks\n'

    def prefix_compiles_a_namespace_on_top(self):
        self.need('introspection')
        gir = self.prefix / 'share/gir-1.0'
        typelib = self.root / 'AioGuest-1.0.typelib'
        run('g-ir-compiler', '--includedir', gir, gir / 'AioGuest-1.0.gir', '-o', typelib)
        assert typelib.stat().st_size > 0

    def prefix_runs_in_python(self):
        self.need('bindings')
        init = only(f'{self.prefix}/**/gi/overrides/AioGuest/__init__.py')
        typelib = only(f'{self.prefix}/**/AioGuest-1.0.typelib')
        env = {**self.found, 'PYTHONPATH': str(init.parents[3]),
               'GI_TYPELIB_PATH': str(typelib.parent), 'G_DEBUG': 'fatal-criticals'}
        # PyGObject 3.42 raises an ImportWarning of its own.
        said = run(self.options.python, '-X', 'dev', '-W', 'error', '-W', 'ignore::ImportWarning',
                   HERE / 'program.py', self.prefix, env=env, cwd=self.root)
        assert said.startswith('ran '), said

    # subproject: built as a part of another project

    def subproject_builds_and_runs(self):
        parent = self.root / 'parent'
        (parent / 'subprojects').mkdir(parents=True)
        (parent / 'subprojects' / 'aioguest').symlink_to(self.options.source)
        shutil.copy(HERE / 'program.c', parent)
        (parent / 'meson.build').write_text(textwrap.dedent('''\
            project('parent', 'c')
            aioguest_dep = dependency('aioguest-1.0', fallback: 'aioguest')
            assert(aioguest_dep.type_name() == 'internal')
            test('program', executable('program', 'program.c', dependencies: aioguest_dep))
            '''))
        self.meson('setup', self.build, parent, '--wrap-mode=forcefallback',
                   '-Daioguest:tests=false', '-Daioguest:examples=false',
                   *(f'-Daioguest:{part[2:]}' for part in self.parts()))
        self.meson('compile', '-C', self.build)
        self.meson('test', '-C', self.build, '--no-rebuild', '--print-errorlogs', 'program')

    def subproject_is_usable_in_its_environment(self):
        self.need('bindings')
        said = self.meson('devenv', '-C', self.build, self.options.python, '-c', textwrap.dedent('''
            import gi
            gi.require_version('AioGuest', '1.0')
            from gi.repository import AioGuest
            async def main():
                return 42
            print('result', AioGuest.run(main()))
            '''))
        assert 'result 42\n' in said, said

    # bare: the C library alone

    def bare_builds(self):
        # No interpreter is needed then, not even the one that is named.
        self.setup(f'--prefix={self.prefix}', '-Dintrospection=disabled', '-Dbindings=disabled',
                   '-Dvapi=disabled', '-Dpython=/bin/true')

    def bare_installs(self):
        self.meson('install', '-C', self.build, '--no-rebuild')
        shutil.rmtree(self.build)
        unwanted = [name for name in files_below(self.prefix)
                    if 'python' in name or name.endswith(('.gir', '.typelib', '.vapi', '.py'))]
        assert not unwanted, unwanted
        self.libdir = only(f'{self.prefix}/lib/**/libaioguest-1.0.so').parent
        self.found = {'PKG_CONFIG_PATH': str(self.libdir / 'pkgconfig'),
                      'LD_LIBRARY_PATH': str(self.libdir)}

    def bare_needs_no_python(self):
        needed = run('readelf', '-d', self.libdir / 'libaioguest-1.0.so')
        libraries = [line for line in needed.splitlines() if 'NEEDED' in line]
        assert libraries and not any('python' in line for line in libraries), libraries
        assert 'RPATH' not in needed and 'RUNPATH' not in needed, needed

    bare_compiles_a_c_program = prefix_compiles_a_c_program

    # interpreter: one that was named and can't be used

    def refused(self, python) -> str:
        setup = [*self.options.meson, 'setup', self.build, self.options.source, '-Dtests=false',
                 '-Dexamples=false', f'-Dpython={python}']
        done = subprocess.run(setup, env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode != 0, done.stdout
        return done.stdout

    def interpreter_is_not_there(self):
        self.need('introspection')
        assert f'{self.root}/nothing is no program' in self.refused(self.root / 'nothing')

    def interpreter_is_something_else(self):
        self.need('introspection')
        assert '/bin/true is no Python interpreter' in self.refused('/bin/true')

    def interpreter_has_no_pygobject(self):
        self.need('bindings')
        environment = self.root / 'environment'
        run(self.options.python, '-m', 'venv', '--without-pip', environment)
        python = environment / 'bin' / 'python'
        assert f'{python} has no PyGObject' in self.refused(python)

    def interpreter_lacks_what_nobody_has_asked_for(self):
        """The setup goes on without the override, and its last lines say so and why."""
        self.need('bindings')
        old = self.root / 'old'
        old.mkdir()
        (old / 'pygobject-3.0.pc').write_text('Name: PyGObject\nDescription: an old one\nVersion: 3.0\n')
        said = self.meson('setup', self.root / 'without', self.options.source, '-Dtests=false', '-Dexamples=false',
                          env={'PKG_CONFIG_PATH': str(old)})
        summary = said[said.index('Introspection '):]
        line = next(line for line in summary.splitlines() if 'Python override' in line)
        assert ': NO: the development files of PyGObject (pygobject-3.0.pc, 3.42 or newer) are missing. ' in line, said
        assert '-Dpython=PATH' in line, said

    def interpreter_is_not_needed(self):
        self.meson('setup', self.build, self.options.source, '-Dtests=false', '-Dexamples=false',
                   '-Dbindings=disabled', '-Dpython=/bin/true')


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--source', required=True, type=pathlib.Path)
    parser.add_argument('--meson', required=True, nargs='+')
    for part in ('introspection', 'bindings', 'vapi'):
        parser.add_argument(f'--{part}', choices=('enabled', 'disabled'), required=True)
    parser.add_argument('--python')
    parser.add_argument('name', choices=('prefix', 'subproject', 'bare', 'interpreter'))
    arguments = sys.argv[1:]
    options = parser.parse_args(arguments[:-1] + ['--', arguments[-1]])

    checks = [name for name in vars(Checks) if name.startswith(options.name + '_')]
    print(f'1..{len(checks)}', flush=True)
    failed = False

    with tempfile.TemporaryDirectory(prefix='aioguest-install-') as root:
        subject = Checks(options, pathlib.Path(root).resolve())
        for number, name in enumerate(checks, 1):
            try:
                getattr(subject, name)()
                print(f'ok {number} {name}')
            except Skip as skip:
                print(f'ok {number} {name} # SKIP {skip}')
            except Exception:
                failed = True
                print(f'not ok {number} {name}')
                for line in traceback.format_exc().splitlines():
                    print('#', line)
            sys.stdout.flush()

    return 1 if failed else 0


sys.exit(main())
