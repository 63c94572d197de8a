#!/usr/bin/env python3
"""How a trace grows with its data set, beside ripgrep looking for one line of the query in the same files.

    python3 bench/trace/growth.py CORPUS [--copies N...] [--queries N]

CORPUS is what bench/audit/corpus.py makes (0.8 GB); larger data sets are made of it by repetition with variation, smaller ones of its
beginning (a fraction). Queries are 2 kB of the middle of its documents. Prints for each size the index (share of the source, MB a second),
and the median of a trace inside a process that has the index open (`trace_bench`), as a command, and of ripgrep (its matches are
counted, not ranked, and renamed code is none).
"""
import argparse, itertools, json, pathlib, statistics, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench/audit")]
from built import built
from run import repeated, rows


def beginning(corpus, share, place):
    size, most = 0, share * (corpus / "corpus.jsonl").stat().st_size
    with open(place, "w") as out:
        for row in rows(corpus / "corpus.jsonl"):
            line = json.dumps(row) + "\n"
            size += len(line)
            if size > most:
                return
            out.write(line)


def queries(corpus, count):
    """Of every so manyth document, among the first tenth of the corpus: all sizes have it."""
    texts = (row["content"] for row in itertools.islice(rows(corpus / "corpus.jsonl"), 4500))
    long = [text for text in texts if len(text) > 6000]
    return [text[len(text) // 3 : len(text) // 3 + 2000] for text in long[:: max(1, len(long) // count)]][:count]


def timed(command):
    clock = time.perf_counter()
    status = subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL).returncode
    if status > 1:
        sys.exit(f"{command[0]} ended with {status}")
    return (time.perf_counter() - clock) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--copies", type=float, nargs="+", default=[0.125, 0.375, 1, 4, 13])
    parser.add_argument("--queries", type=int, default=40)
    arguments = parser.parse_args()
    release = built()
    taster, bench = release / "taster", release / "examples/trace_bench"
    asked = queries(arguments.corpus, arguments.queries)
    for copies in arguments.copies:
        with tempfile.TemporaryDirectory(dir=arguments.corpus.parent) as folder:
            folder = pathlib.Path(folder)
            data, index, query = folder / "data.jsonl", folder / "index", folder / "query.py"
            if copies < 1:
                beginning(arguments.corpus, copies, data)
            else:
                repeated(arguments.corpus, int(copies), data)
            print(f"\n{copies:g} x the corpus, {data.stat().st_size / 1e9:.2f} GB", flush=True)
            print(subprocess.run([bench, data, index, str(arguments.queries)], capture_output=True, text=True, check=True).stdout, end="")
            command, ripgrep = [], []
            for text in asked:
                query.write_text(text)
                command.append(timed([taster, "trace", query, "--data", data, "--index", index, "--out", folder / "out"]))
                line = max(text.split("\n")[1:-1], key=len).strip()
                ripgrep.append(timed(["rg", "-c", "-F", "-e", json.dumps(line)[1:-1], data]))
            print(f"as a command: median {statistics.median(command):.0f} ms, worst {max(command):.0f} ms; ripgrep for one line: median {statistics.median(ripgrep):.0f} ms", flush=True)


if __name__ == "__main__":
    main()
