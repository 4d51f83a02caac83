# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What becomes of the process that a case is measured in."""

import argparse
import signal
import sys

import benchmarking  # noqa: F401
import driver
from environments import DEFAULTS, PADDINGS, RAISED, variables


def child(tmp_path, monkeypatch, script, limit=300.0, environment=None):
    """The driver's verdict on a child that runs *script* in the place of child.py."""
    (tmp_path / "child.py").write_text(script, encoding="utf-8")
    monkeypatch.setattr(driver, "HERE", tmp_path)
    arguments = argparse.Namespace(size="tiny", system=[], only=[], bytecode=None)
    return driver.Driver(arguments, None).child(sys.executable, None, [], limit, environment or {})


def test_child_succeeds(tmp_path, monkeypatch):
    script = "print('noise'); print('{\"values\": {\"\": 2.0}, \"cpu\": 0.5}')"
    result = child(tmp_path, monkeypatch, script)
    assert result == {"status": "ok", "values": {"": 2.0}, "cpu": 0.5}


def test_child_stalls(tmp_path, monkeypatch):
    script = "import signal; signal.pause()"
    result = child(tmp_path, monkeypatch, script, limit=0.5)
    assert result["status"] == "stalls"
    assert "0.5 s" in result["detail"]


def test_child_raises(tmp_path, monkeypatch):
    result = child(tmp_path, monkeypatch, "raise ValueError('of no use')")
    assert result == {"status": "crashes", "detail": "ValueError: of no use"}


def test_child_warns_after_it_has_raised(tmp_path, monkeypatch):
    script = "import sys; sys.exit('ValueError: of no use\\n<sys>:0: RuntimeWarning: more')"
    assert child(tmp_path, monkeypatch, script)["detail"] == "ValueError: of no use"


def test_child_is_killed_by_a_signal(tmp_path, monkeypatch):
    script = "import os, signal; os.kill(os.getpid(), signal.SIGABRT)"
    result = child(tmp_path, monkeypatch, script)
    assert result["status"] == "crashes"
    assert result["detail"].startswith(f"signal {signal.SIGABRT:d}")


def test_child_prints_nothing(tmp_path, monkeypatch):
    assert child(tmp_path, monkeypatch, "")["status"] == "crashes"


def test_child_has_a_reason(tmp_path, monkeypatch):
    script = "print('{\"unavailable\": \"no display\"}')"
    result = child(tmp_path, monkeypatch, script)
    assert result == {"status": "unavailable", "detail": "no display"}


def test_child_is_one_of_a_variant_and_an_environment(tmp_path, monkeypatch):
    script = (
        "import json, os\n"
        "size = len(os.environ['AIOGUEST_BENCHMARK_PADDING'])\n"
        "raised = 'MALLOC_MMAP_THRESHOLD_' in os.environ\n"
        "print(json.dumps({'values': {'size': size, 'raised': raised}}))\n"
    )
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_", raising=False)
    for number, padding in enumerate((*PADDINGS, PADDINGS[0]), 1):
        for variant in DEFAULTS, RAISED:
            result = child(tmp_path, monkeypatch, script, environment=variables(variant, number))
            assert result["values"] == {"size": padding, "raised": variant == RAISED}
