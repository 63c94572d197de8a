#!/usr/bin/env python3
"""How much faster two executors audit a data set than one, each with one task at a time, and whether all find the same.

    cargo build --release --features cluster
    python3 bench/audit/cluster.py DATASET [--rounds 3] [--taster PATH]

Scheduler, executors and client are processes of this machine: it needs two cores that have nothing else to do.
"""
import argparse, json, pathlib, socket, statistics, subprocess, tempfile, time


def audit(taster, dataset, folder, *more):
    """Seconds, and the findings: all but when and how long."""
    clock = time.monotonic()
    done = subprocess.run([taster, "audit", dataset, "--json", "--out", folder / "out", *more], stdout=subprocess.PIPE)
    seconds = time.monotonic() - clock
    report = json.loads(done.stdout)
    del report["started"], report["seconds"]
    return seconds, report


def clustered(taster, dataset, executors):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % free.getsockname()[1]
    quiet = {"stderr": subprocess.DEVNULL}
    nodes = [subprocess.Popen([taster, "scheduler", "--bind", address], **quiet)]
    nodes += [subprocess.Popen([taster, "executor", address, "--tasks", "1"], **quiet) for _ in range(executors)]
    try:
        time.sleep(3)
        with tempfile.TemporaryDirectory() as folder:
            return audit(taster, dataset, pathlib.Path(folder), "--cluster", address)
    finally:
        for node in nodes:
            node.kill()
            node.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--taster", default="target/release/taster")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _, findings = audit(arguments.taster, arguments.dataset, pathlib.Path(folder))
    times = {1: [], 2: []}
    for _ in range(arguments.rounds):
        for executors in times:
            seconds, found = clustered(arguments.taster, arguments.dataset, executors)
            times[executors].append(seconds)
            print(f"{executors} executors: {seconds:.1f} s, findings {'identical' if found == findings else 'DIFFER'}", flush=True)
    one, two = (statistics.median(times[executors]) for executors in (1, 2))
    print(f"median of {arguments.rounds}: one executor {one:.1f} s, two {two:.1f} s, ratio {two / one:.2f}")


if __name__ == "__main__":
    main()
