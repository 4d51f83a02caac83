# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The type stubs say what the module has, no more and no less."""

import ast
import enum
import inspect
import types
from pathlib import Path

import gi
import pytest
from gi.repository import AioGuest, GObject

import gi.overrides.AioGuest as module

import support  # noqa: F401

# Beside the override, as type checkers look for it.
STUB = Path(module.__file__).parents[3] / "gi-stubs" / "repository" / "AioGuest.pyi"
#: A program that type checkers are tried with.
SAMPLE = Path(__file__).parents[1] / "venv" / "typed" / "good.py"
TREE = ast.parse(STUB.read_text(encoding="utf-8"), str(STUB))

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def definitions(body):
    """Name to node, or list of nodes for overloads."""
    found = {}
    for node in body:
        if isinstance(node, FUNCTION + (ast.ClassDef,)):
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).append(node)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node)
        elif isinstance(node, ast.If):
            # Versions of Python or of the platform.
            for name, nodes in definitions(node.body + node.orelse).items():
                found.setdefault(name, []).extend(nodes)
    return found


DEFINED = definitions(TREE.body)

#: What programs have no reason to call themselves.
BEHIND_THE_SCENES = {"Props", "paused", "run_forever", "running"}


def decorators(node):
    return {ast.unparse(decorator) for decorator in node.decorator_list}


def parameters_of_stub(node):
    """Names, kinds and defaults (as text, ... for any)."""
    Parameter = inspect.Parameter
    arguments = node.args
    positional = arguments.posonlyargs + arguments.args
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    result = []
    for argument, default in zip(positional, defaults):
        kind = (
            Parameter.POSITIONAL_ONLY
            if argument in arguments.posonlyargs
            else Parameter.POSITIONAL_OR_KEYWORD
        )
        result.append((argument.arg, kind, default))
    if arguments.vararg:
        result.append((arguments.vararg.arg, Parameter.VAR_POSITIONAL, None))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
        result.append((argument.arg, Parameter.KEYWORD_ONLY, default))
    if arguments.kwarg:
        result.append((arguments.kwarg.arg, Parameter.VAR_KEYWORD, None))
    return result


def same_default(node, value):
    if node is None or value is inspect.Parameter.empty:
        return node is None and value is inspect.Parameter.empty
    if isinstance(node, ast.Constant) and node.value is Ellipsis:
        return True
    try:
        return ast.literal_eval(node) == value
    except ValueError:
        # A name, as in GLib.PRIORITY_DEFAULT.
        return True


def agrees_as_overload(node, function):
    """An overload may leave something out, but makes nothing up."""
    real = dict(inspect.signature(function).parameters)
    if any(parameter.kind == parameter.VAR_KEYWORD for parameter in real.values()):
        # They are those of start(), and all of them.
        options = dict(inspect.signature(module.start).parameters)
        del options["coro"]
        real.update(options)
        assert set(options) <= {name for name, _, _ in parameters_of_stub(node)}
    for name, kind, default in parameters_of_stub(node):
        assert name in real
        if kind == inspect.Parameter.KEYWORD_ONLY:
            assert real[name].kind == kind, name
            # An argument that is needed to tell the overloads apart has none.
            assert default is None or same_default(default, real[name].default), name


def agrees(node, function):
    real = list(inspect.signature(function).parameters.values())
    stub = parameters_of_stub(node)
    if node.name in ("__exit__", "__aexit__") and real[-1].kind == inspect.Parameter.VAR_POSITIONAL:
        # Three arguments always, which the stub may spell out.
        real, stub = real[:-1], stub[: len(real) - 1]
    assert [name for name, _, _ in stub] == [parameter.name for parameter in real]
    for (name, kind, default), parameter in zip(stub, real):
        assert kind == parameter.kind, name
        assert same_default(default, parameter.default), name


def is_python_function(value):
    return isinstance(value, types.FunctionType)


FUNCTIONS = sorted(
    name
    for name, nodes in DEFINED.items()
    if isinstance(nodes[0], FUNCTION) and is_python_function(getattr(module, name, None))
)
CLASSES = sorted(name for name, nodes in DEFINED.items() if isinstance(nodes[0], ast.ClassDef))


def test_everything_public_is_in_the_stub():
    assert set(module.__all__) <= set(DEFINED)


def test_everything_in_the_stub_exists():
    missing = [
        name
        for name in DEFINED
        if not name.startswith("_") and not hasattr(AioGuest, name)
    ]
    assert missing == []


def test_stub_has_what_the_library_has():
    """All that introspection offers is in the stub, too."""
    names = {info.get_name() for info in namespace_infos()}
    assert names - set(DEFINED) <= hidden_names()


def namespace_infos():
    repository = gi.Repository.get_default()
    if hasattr(repository, "get_infos"):
        return repository.get_infos("AioGuest")
    count = repository.get_n_infos("AioGuest")
    return [repository.get_info("AioGuest", number) for number in range(count)]


def hidden_names():
    """Callback types, which are callables in Python, and class structures."""
    return {
        info.get_name()
        for info in namespace_infos()
        if type(info).__name__ == "CallbackInfo" or info.get_name().endswith("Class")
    }


def test_sample_has_every_name():
    """Those of classes, too."""
    wanted = set()
    for name in DEFINED:
        if not name.startswith("_"):
            wanted.add(name)
    for node in ast.walk(TREE):
        if isinstance(node, ast.ClassDef) and node.name != "Props":
            wanted.update(name for name in definitions(node.body) if not name.startswith("_"))
    used = {node.attr for node in ast.walk(ast.parse(SAMPLE.read_text())) if isinstance(node, ast.Attribute)}
    assert wanted - used == BEHIND_THE_SCENES


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name):
    nodes = DEFINED[name]
    check = agrees_as_overload if "overload" in decorators(nodes[0]) else agrees
    for node in nodes:
        check(node, getattr(module, name))


@pytest.mark.parametrize("name", CLASSES)
def test_class(name):
    value = getattr(AioGuest, name, None)
    if name.startswith("_") and value is None:
        # A helper for typing, such as a Protocol or TypedDict.
        return
    (node,) = DEFINED[name]
    for member, nodes in definitions(node.body).items():
        if issubclass(value, GObject.Object) and member in ("props", "Props"):
            # test_object_properties_are_in_the_stub() looks into it.
            continue
        if isinstance(nodes[0], FUNCTION):
            check_method(value, member, nodes)
        elif issubclass(value, (enum.Enum, GObject.GEnum, int)) and member.isupper():
            assert hasattr(value, member)
        elif issubclass(value, GObject.Object):
            assert hasattr(value, member) or value.find_property(member.replace("_", "-"))


def check_method(value, member, nodes):
    marks = decorators(nodes[0])
    if member == "__init__" and issubclass(value, GObject.Object):
        return
    real = inspect.getattr_static(value, member, None)
    assert hasattr(value, member), f"{value.__name__}.{member}"
    if "property" in marks:
        assert isinstance(real, property)
    elif is_python_function(real) and len(nodes) == 1:
        agrees(nodes[0], real)
    elif isinstance(real, (staticmethod, classmethod)) and len(nodes) == 1:
        if is_python_function(real.__func__):
            agrees(nodes[0], real.__func__)


@pytest.mark.parametrize("name", ["Run", "Poller", "Pump"])
def test_introspected_methods_are_in_the_stub(name):
    (info,) = [info for info in namespace_infos() if info.get_name() == name]
    methods = {method.get_name() for method in info.get_methods()}
    (node,) = DEFINED[name]
    assert methods <= set(definitions(node.body))
    assert all(hasattr(getattr(AioGuest, name), method) for method in methods)


@pytest.mark.parametrize("name", ["Run", "Poller"])
def test_object_properties_are_in_the_stub(name):
    """As members of the class, or of its `props`."""
    properties = {
        spec.name.replace("-", "_")
        for spec in getattr(AioGuest, name).list_properties()
        if spec.owner_type.name == f"AioGuest{name}"
    }
    (node,) = DEFINED[name]
    known = set(definitions(node.body))
    for inner in ast.walk(node):
        if isinstance(inner, ast.ClassDef):
            known |= set(definitions(inner.body))
    assert properties <= known


def test_every_public_name_has_a_docstring():
    missing = [
        name
        for name in module.__all__
        if callable(getattr(AioGuest, name)) and not inspect.getdoc(getattr(AioGuest, name))
    ]
    assert missing == []
