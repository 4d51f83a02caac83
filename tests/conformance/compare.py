# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compare a file's outcomes with those of the stock loop, test by test."""

import dataclasses

PREFIX = "test.test_asyncio."


@dataclasses.dataclass
class Case:
    name: str
    verdict: str  # passed, failed, skipped, failed-in-both
    reason: str = ""
    detail: str = ""


def _short(tick, test_id):
    return f"{tick}: {test_id.replace(PREFIX, '')}"


def is_plainly_right(module, ours, not_applicable):
    """Whether the stock loop could show nothing else: all tests of the file have passed."""
    return (ours.skipped_file is None
            and ours.complete
            and all(outcome == "passed" for outcome, _, _ in ours.outcomes.values())
            and not (ours.trouble or ours.unraisable or ours.descriptors or ours.threads)
            and not any(test_id.startswith(f"{PREFIX}{module}.") for test_id in not_applicable))


def _judge(tick, test_id, stock, ours):
    name = _short(tick, test_id)
    if ours is None:
        return Case(name, "failed", detail="The test ran with the stock loop only.")
    outcome, detail, _ = ours
    if outcome == "passed":
        return Case(name, "passed")
    if outcome == "skipped":
        if stock is not None and stock[0] == "skipped":
            return Case(name, "skipped", reason=detail)
        return Case(name, "failed", detail=f"Skipped, but not with the stock loop: {detail}")
    if stock is not None and stock[0] == "failed":
        return Case(name, "failed-in-both", reason="fails with the stock loop too", detail=detail)
    return Case(name, "failed", detail=detail)


def _counts(cases):
    counts = {"passed": 0, "failed": 0, "skipped": 0, "failed-in-both": 0}
    for case in cases:
        counts[case.verdict] += 1
    return counts


def compare(tick, module, stock, ours, not_applicable):
    """Return the cases of one file and its counts."""
    cases = []
    if stock.skipped_file is not None and ours.skipped_file is not None:
        cases.append(Case(f"{tick}: {module}", "skipped", reason=ours.skipped_file))
    elif ours.skipped_file is not None:
        cases.append(Case(f"{tick}: {module}", "failed",
                          detail=f"Skipped, but not with the stock loop: {ours.skipped_file}"))

    # setUpClass and the like appear only when they fail or skip.
    for test_id in list(stock.outcomes) + [i for i in ours.outcomes if i not in stock.outcomes]:
        if test_id in not_applicable:
            cases.append(Case(_short(tick, test_id), "skipped",
                              reason="not applicable: " + not_applicable[test_id]))
        else:
            cases.append(_judge(tick, test_id, stock.outcomes.get(test_id),
                                ours.outcomes.get(test_id)))

    if ours.skipped_file is None:
        cases.append(_whole_file(tick, module, stock, ours))

    counts = _counts(cases)
    counts.update(runs=ours.runs, native_runs=ours.native_runs, ticks=ours.ticks,
                  loops=ours.loops, seconds=ours.seconds,
                  stock_seconds=0 if stock is ours else stock.seconds,
                  stock_failed=sum(o[0] == "failed" for o in stock.outcomes.values()))
    return cases, counts


def _whole_file(tick, module, stock, ours):
    """What no single test shows: the end of the process, and what it left behind."""
    complaints = list(ours.trouble)
    if not ours.complete:
        complaints.append("The processes died too often; tests were left out.")
    if stock is not None:
        complaints += _left_behind(stock, ours)
    name = f"{tick}: {module} (the process and what it leaves behind)"
    if complaints:
        return Case(name, "failed", detail="\n".join(complaints))
    return Case(name, "passed")


def _left_behind(stock, ours):
    if ours.descriptors > stock.descriptors:
        yield (f"{ours.descriptors} descriptors were left open "
               f"(with the stock loop {stock.descriptors}).")
    if ours.threads > stock.threads:
        yield (f"{ours.threads} threads were left running "
               f"(with the stock loop {stock.threads}).")
    if len(ours.unraisable) > len(stock.unraisable):
        yield (f"{len(ours.unraisable)} exceptions could not be raised "
               f"(with the stock loop {len(stock.unraisable)}):")
        for event in ours.unraisable:
            yield (f"  in {event['id']}: {event['message']}: {event['exception']} "
                   f"{event['object']}")


def baseline_only(tick, module, stock):
    """The stock loop's own outcomes as cases, with nothing to compare them with."""
    cases = []
    if stock.skipped_file is not None:
        cases.append(Case(f"{tick}: {module}", "skipped", reason=stock.skipped_file))
    for test_id, (outcome, detail, _) in stock.outcomes.items():
        reason = detail if outcome == "skipped" else ""
        cases.append(Case(_short(tick, test_id), outcome, reason=reason, detail=detail))
    if stock.skipped_file is None:
        cases.append(_whole_file(tick, module, None, stock))
    counts = _counts(cases)
    counts.update(seconds=stock.seconds)
    return cases, counts


def describe(tick, name, counts):
    text = (f"{tick} {name}: {counts['passed']} passed, {counts['failed']} failed, "
            f"{counts['skipped']} skipped, {counts['failed-in-both']} fail with both, "
            f"{counts['seconds']:.1f} s")
    if "runs" in counts:
        text += (f" (stock {counts['stock_seconds']:.1f} s), "
                 f"{counts['loops']} loops made, {counts['runs']} runs, "
                 f"{counts['native_runs']} of them native, {counts['ticks']} ticks")
    return text


def was_used(tick, counts):
    """Whether the loop under test did the work, and by the tick that is meant."""
    name = f"{tick}: AioGuest.EventLoop did the work"
    complaints = []
    if not counts["runs"] or counts["ticks"] < counts["runs"]:
        complaints.append("GLib dispatched less than once per run.")
    # Select and poll selectors, debug mode and overridden methods are for the
    # other tick; they are far fewer.
    if tick == "native" and counts["native_runs"] < counts["runs"] / 2:
        complaints.append("The native tick took part in less than half of the runs.")
    if tick != "native" and counts["native_runs"] > counts["runs"] / 2:
        complaints.append("The native tick took part in more than half of the runs.")
    if complaints:
        return Case(name, "failed", detail="\n".join([*complaints, describe(tick, "", counts)]))
    return Case(name, "passed")


def total(counted):
    sums = {}
    for counts in counted:
        for key, value in counts.items():
            sums[key] = round(sums.get(key, 0) + value, 1)
    return sums
