# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The samples of a soak as a picture."""

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot  # noqa: E402

PANELS = [
    ("resident", "resident memory [MB]", 1e-6),
    ("allocated", "allocated memory [MB]", 1e-6),
    ("descriptors", "descriptors", 1),
    ("threads", "threads", 1),
    ("tasks", "tasks", 1),
    ("sources", "sources", 1),
]


def plot(samples, path):
    matplotlib.rcParams["svg.fonttype"] = "none"
    matplotlib.rcParams["svg.hashsalt"] = "soak"
    figure, rows = pyplot.subplots(3, 2, figsize=(9, 7), sharex=True, layout="constrained")
    # As many as can be told apart.
    thinned = samples[:: max(1, len(samples) // 150)]
    between = [sample for sample in samples if not sample["running"]]
    for axes, (key, label, factor) in zip(rows.flat, PANELS):
        axes.plot(
            [sample["seconds"] / 60 for sample in thinned],
            [sample[key] * factor for sample in thinned],
            linewidth=0.7,
            color="0.6",
            label="at rest, in a run",
        )
        axes.plot(
            [sample["seconds"] / 60 for sample in between],
            [sample[key] * factor for sample in between],
            ".",
            markersize=4,
            color="C0",
            label="between runs",
        )
        axes.set_title(label, fontsize="medium")
        axes.set_ylim(bottom=0)
    for axes in rows[-1]:
        axes.set_xlabel("minutes")
    rows[0][0].legend(loc="lower right", fontsize="small")
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
