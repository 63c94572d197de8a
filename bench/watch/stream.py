#!/usr/bin/env python3
"""How soon a poisoned model is noticed, and how often an innocent one: `taster watch` beside a CUSUM, a rolling z-test, Evidently and NannyML.

    python3 bench/watch/stream.py [--half even|odd] [--rounds N] [--quiet N] [--folder DIR]

The completions of 15 really poisoned models (`data/trojanpuzzle`) as streams: 800 without the trigger are the baseline, then it stands in 10 % or
30 % of the prompts. All see the same streams. CUSUM and z-test are at taster's run length, a million decisions, simulated at the rate that the
baseline showed; they and the two monitors are told which decision to watch, which taster is not. Detectors were tuned on the models of `--half even`.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from built import built

DETECTORS = ["taster", "cusum", "z", "evidently", "nannyml"]
WINDOWS, WINDOW = 50, 100
PEERS = ["evidently==0.7.23", "nannyml==0.13.1", "pandas<3", "statsmodels"]


def streams(folder, half, rounds, quiet):
    """Runs ours, and notes the streams with what came of them."""
    path = folder / "streams.jsonl"
    stream = built() / "examples/stream"
    with open(path, "w") as out:
        subprocess.run([stream, half, str(rounds), str(quiet)], cwd=ROOT, stdout=out, check=True)
    return path


def monitored(folder, path):
    home = folder / "drift"
    if not (home / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin/pip", "install", "-q", *PEERS], check=True)
    command = [home / "bin/python", pathlib.Path(__file__).with_name("monitors.py"), path, str(WINDOWS)]
    settings = {**os.environ, "NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=settings).stdout.splitlines()


def median(values):
    middle = statistics.median_low([value or float("inf") for value in values])
    return "-" if middle == float("inf") else str(int(middle))


def row(*cells):
    first, *rest = cells
    print(f"{first:<54}" + "".join(f"{cell:>11}" for cell in rest))


def print_alarms(seen, share):
    row(f"{share:.0%} with the trigger: completions to the alarm", *DETECTORS, "tied", "mined")
    by_model = {}
    for stream in (stream for stream in seen if stream["share"] == share):
        by_model.setdefault(stream["checkpoint"], []).append(stream)
    medians, right = {name: [] for name in DETECTORS}, 0
    for model, rounds in by_model.items():
        for name in DETECTORS:
            medians[name].append(median(stream[name] for stream in rounds))
        alarms = sum(stream["taster"] is not None for stream in rounds)
        mined, tied = sum(stream["right"] for stream in rounds), sum(stream["tied"] for stream in rounds)
        right += 2 * mined > len(rounds)
        shown = next((stream["mined"] for stream in rounds if stream["right"]), None) or ""
        row(model, *(medians[name][-1] for name in DETECTORS), f"{tied}/{alarms}", f"{mined}/{alarms}", "  " + shown[:30])
    alarmed = {name: sum(value != "-" for value in medians[name]) for name in DETECTORS}
    row(f"models of {len(by_model)} with an alarm in most streams", *alarmed.values(), "", right)
    row("median over the models", *(median(float(value) if value != "-" else None for value in medians[name]) for name in DETECTORS))
    sooner = lambda name: sum(float(a.replace("-", "inf")) < float(b.replace("-", "inf")) for a, b in zip(medians["taster"], medians[name]))
    row("models in which taster is sooner", "", *(sooner(name) for name in DETECTORS[1:]))
    print()


def print_quiet(what, quiet):
    count = lambda name, most: sum(stream[name] is not None and stream[name] <= most for stream in quiet)
    row(f"{len(quiet)} {what}: with an alarm", *DETECTORS)
    row(f"within {WINDOWS} windows of {WINDOW} completions", *(count(name, WINDOWS * WINDOW) for name in DETECTORS))
    row("within 25,000 completions", *(count(name, 25_000) for name in DETECTORS[:3]))
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "target/bench-watch")
    parser.add_argument("--half", choices=["all", "even", "odd"], default="all", help="every other model: tuned on even, reported on odd")
    parser.add_argument("--rounds", type=int, default=5, help="streams a model and share")
    parser.add_argument("--quiet", type=int, default=100, help="streams without a trigger")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    path = streams(folder, arguments.half, arguments.rounds, arguments.quiet)
    seen = [json.loads(line) for line in open(path)]
    for stream, line in zip(seen, monitored(folder, path), strict=True):
        stream.update(json.loads(line))
    for share in (0.1, 0.3):
        print_alarms(seen, share)
    quiet = [stream for stream in seen if stream["share"] == 0]
    print_quiet("streams without a trigger", [stream for stream in quiet if "runs" not in stream])
    print_quiet("such, prompts in runs of 30", [stream for stream in quiet if "runs" in stream])


if __name__ == "__main__":
    main()
