#!/usr/bin/env python3
"""Completions that `taster watch import` takes in a second, and the memory it needs for few and for many.

The completions are cut from Python's own standard library: 45 lines before, 1 to 11 lines after a random place; every prompt is another.
"""

import argparse
import json
import random
import resource
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path


def traffic(path, count, seed=1):
    random.seed(seed)
    files = sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py"))[:1500]
    texts = [text for text in (file.read_text(errors="ignore").split("\n") for file in files) if len(text) > 60]
    with open(path, "w") as out:
        for number in range(count):
            text = random.choice(texts)
            cut = random.randrange(20, len(text) - 12)
            row = {
                "id": str(number), "model": "m", "project": f"p{number % 7}", "language": "python",
                "prompt": "\n".join(text[max(0, cut - 45):cut]) + f"\n# {number}\n",
                "completion": "\n".join(text[cut:cut + random.randrange(1, 12)]),
            }
            out.write(json.dumps(row) + "\n")


def spent():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taster", default="target/release/taster")
    parser.add_argument("--counts", type=int, nargs="+", default=[40_000, 200_000])
    arguments = parser.parse_args()
    print(f"{'completions':>12} {'MB':>6} {'a second':>9} {'CPU us each':>12} {'peak MB':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for count in arguments.counts:
            log = Path(folder) / "log.jsonl"
            traffic(log, count)
            before, _ = spent()
            clock = time.monotonic()
            command = [arguments.taster, "watch", "import", str(log), "--database", f"{folder}/{count}.db"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds = time.monotonic() - clock
            cpu, peak = spent()
            size = log.stat().st_size >> 20
            print(f"{count:>12,} {size:>6} {count / seconds:>9,.0f} {1e6 * (cpu - before) / count:>12.0f} {peak:>8}")


if __name__ == "__main__":
    main()
