# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A document, and the table of README, are made of results."""

import json
import subprocess
import sys

import pytest

from benchmarking import BENCHMARKS, MEASURED, SCENARIOS, platform_of, read_lines, record, run_driver
import report
import tables
from systems import OURS, find_system


@pytest.mark.parametrize(
    "value, unit, text",
    [
        (0, "1/s", "0"),
        (1234567, "1/s", "1.23 M"),
        (56789, "1/s", "56.8 k"),
        (789, "1/s", "789"),
        (1234.5, "µs", "1234"),
        (-815.2, "µs", "-815"),
        (0.123, "ms", "0.12"),
        (0.00123, "ms", "0.0012"),
    ],
)
def test_numbers(value, unit, text):
    assert tables.number(value, unit) == text


def make_report(folder, document, *options):
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / "report.py"), "--results", str(folder)]
        + ["--document", str(document), *options],
        capture_output=True,
        text=True,
    )


def write_lines(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")


def test_document_of_two_platforms(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    first = folder / "a.jsonl"
    done = run_driver(first, "--only", "iterations")
    assert done.returncode == 0, done.stderr
    lines = read_lines(first)
    lines[0]["machine"]["platform"] = "other-1"
    write_lines(folder / "b.jsonl", lines)
    document = tmp_path / "docs" / "performance.md"
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    done = make_report(folder, document, "--readme", str(readme))
    assert done.returncode == 0, done.stderr
    text = document.read_text(encoding="utf-8")
    head, _, details = text.partition("## Details")
    assert "| loop iterations | **" in head
    assert "### loop iterations" in details
    assert "Other 1 [1/s]" in details
    assert text.count("<details>") == text.count("</details>") == 4
    for name in MEASURED:
        assert find_system(name).label in details
    picture = document.parent / "performance" / "iterations.svg"
    # Without matplotlib there are no pictures, and no links to them.
    assert picture.exists() == (f"({picture.parent.name}/{picture.name})" in text)
    told = readme.read_text(encoding="utf-8")
    assert told.startswith("before\n") and told.endswith("\nafter\n")
    assert "old" not in told
    assert "| iterations of the loop | " in told


def test_no_results(tmp_path):
    done = make_report(tmp_path, tmp_path / "performance.md")
    assert done.returncode == 1
    assert "no results" in done.stderr


def test_results_of_an_older_format(tmp_path):
    """They are not mixed with others, and the report says so."""
    write_lines(tmp_path / "old.jsonl", [{"machine": {"platform": "debian-13"}}, record(OURS, 1.0)])
    document = tmp_path / "performance.md"
    done = make_report(tmp_path, document)
    assert done.returncode == 1
    assert "old.jsonl: results of format 1, not 2" in done.stderr
    assert not document.exists()


def test_readme_without_a_place(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("nothing\n", encoding="utf-8")
    assert not report.write_readme(readme, SCENARIOS, platform_of(record(OURS, 1.0)))


def test_readme_has_a_place():
    text = (BENCHMARKS.parent / "README.md").read_text(encoding="utf-8")
    assert text.index(report.BEGIN) < text.index(report.END)
