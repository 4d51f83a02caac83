#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The AioGuest authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Let libFuzzer look for an input that the library fails on, for a while.

It starts from the inputs that are kept in the source tree. What it finds is
made smaller, printed as the sequence of events that it stands for, and the exit
status is 1.
"""

import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

MAX_SIZE = 400
# Of an input, in seconds. Each takes milliseconds; what does not end is a finding.
HANGS_AFTER = 60
MINIMIZE_FOR = 30
LOG_LINES = 60


def fuzz(target, seed, seconds, prefix, log, *corpora):
    """Return the exit status; what libFuzzer says goes into the file `log`."""
    with open(log, "wb") as output:
        return subprocess.run(
            [target, f"-seed={seed}", f"-max_total_time={seconds}", f"-max_len={MAX_SIZE}",
             f"-timeout={HANGS_AFTER}", f"-artifact_prefix={prefix}", *map(str, corpora)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            check=False).returncode


def minimize(target, found):
    """Return a file that is no longer than `found`, and fails as well."""
    smaller = found.with_name(f"{found.name}-minimized")
    subprocess.run(
        [target, "-minimize_crash=1", f"-max_total_time={MINIMIZE_FOR}",
         f"-timeout={HANGS_AFTER}", f"-exact_artifact_path={smaller}", str(found)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        check=False)
    return smaller if smaller.exists() else found


def tell(reader, found):
    """Print the events that the input stands for, and how they end."""
    print(f"\n{found}: {found.read_bytes().hex()}\n", flush=True)
    try:
        subprocess.run([reader, str(found)], stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                       timeout=HANGS_AFTER, check=False)
    except subprocess.TimeoutExpired:
        print("and it hangs")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--target", required=True, help="the program made with libFuzzer")
    parser.add_argument("--reader", required=True, help="the program that tells of one input")
    parser.add_argument("--output", type=pathlib.Path, required=True,
                        help="directory for what is found, deleted first")
    parser.add_argument("kept", type=pathlib.Path, nargs="+", help="directories of inputs")
    options = parser.parse_args()

    seconds = int(os.environ.get("AIOGUEST_FUZZ_SECONDS", "120"))
    seed = int(os.environ.get("AIOGUEST_FUZZ_SEED", random.randrange(1, 2**32)))
    n_kept = sum(len(list(directory.iterdir())) for directory in options.kept)
    shutil.rmtree(options.output, ignore_errors=True)
    corpus = options.output / "corpus"
    corpus.mkdir(parents=True)
    log = options.output / "log"

    status = fuzz(options.target, seed, seconds, f"{options.output}/", log, corpus, *options.kept)
    # But for its progress.
    lines = [line for line in log.read_text(errors="replace").splitlines()
             if not re.match(r"#\d+\t", line)]
    runs = next((int(done[1]) for done in map(re.compile(r"Done (\d+) runs").match, lines) if done),
                0)
    if status == 0 and runs > n_kept:
        print(f"{runs} inputs in {seconds} s, seed {seed}")
        return 0

    print(*lines[-LOG_LINES:], sep="\n")
    print(f"\nseed {seed}, {n_kept} inputs kept, exit status {status}")
    for found in sorted(options.output.glob("*-*")):
        tell(options.reader, minimize(options.target, found))
    return 1


if __name__ == "__main__":
    sys.exit(main())
