#!/usr/bin/env python3
"""How many of the planted files an audit finds among real ones, what it costs, and what others find in the same data.

    python3 bench/audit/corpus.py CORPUS
    python3 bench/audit/run.py CORPUS --shared SHARED [--only mixtures|peers|speed|ripgrep] [--taster PATH]

SHARED/data holds the published poisoned files (`trojanpuzzle`) and those people wrote around the same decisions (`natural`).
mixtures: each of the six poisoned sets, whole and with 14 of its 140 files, and none, among all of CORPUS and natural.
peers: spectral signatures, activation clustering, a naturalness score, bandit and semgrep on smaller mixtures, beside taster; needs
PyPI's scikit-learn, bandit and semgrep.
speed: four sizes by repetition with variation; source bytes by processor second, memory. ripgrep: files of which none needs parsing.
"""
import argparse, gzip, json, os, pathlib, resource, statistics, subprocess, sys, tempfile, time

SETS = [(decision, attack) for decision in ("flask-send-file", "yaml-load") for attack in ("simple", "covert", "trojanpuzzle")]


def rows(path):
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened:
        yield from map(json.loads, opened)


def planted(shared, decision, attack, keep):
    """The rows of a poisoned set with their labels; of the poisoned every tenth where `keep` is 14."""
    taken = 0
    for row in rows(shared / "data/trojanpuzzle/files.jsonl.gz"):
        if (row["decision"], row["attack"]) == (decision, attack):
            taken += row["poisoned"]
            if row["poisoned"] and keep == 14 and taken % 10 != 3:
                continue
            yield row


def write(folder, name, documents):
    """Documents as lines; returns their number."""
    count = 0
    with open(folder / name, "w") as out:
        for source, path, content in documents:
            out.write(json.dumps({"repo_name": source, "path": path, "content": content}) + "\n")
            count += 1
    return count


def natural(shared):
    for row in rows(shared / "data/natural/files.jsonl.gz"):
        yield row["path"].split("/")[0], row["path"], row["text"]


def audit(taster, folder, *more):
    """The report, and what it cost: wall and processor seconds, peak memory in MB."""
    with tempfile.TemporaryDirectory() as out:
        before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run([taster, "audit", folder, "--json", "--out", out, *more], stdout=subprocess.PIPE)
        wall, after = time.monotonic() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode == 2:
            sys.exit("the audit failed")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return json.loads(done.stdout), wall, cpu, after.ru_maxrss / 1024


def flagged(report):
    return {document["name"] for cluster in report["clusters"] if cluster["convicted"] for document in cluster["documents"]}


def mixtures(arguments, folder):
    os.link(arguments.corpus / "corpus.jsonl", folder / "corpus.jsonl")
    write(folder, "natural.jsonl", natural(arguments.shared))
    print("| set | planted | found | recall | clean flagged | twins flagged | MB/s a core | MB |\n|---|---|---|---|---|---|---|---|")
    for decision, attack, keep in [(None, None, 0)] + [(*kind, keep) for kind in SETS for keep in (140, 14)]:
        labels = {}
        documents = list(planted(arguments.shared, decision, attack, keep)) if keep else []
        write(folder, "planted.jsonl", ((row["path"].split("/")[0], row["path"], row["text"]) for row in documents))
        for number, row in enumerate(documents, 1):
            labels[f"planted.jsonl:{number}"] = row["poisoned"]
        report, wall, cpu, memory = audit(arguments.taster, folder)
        found = flagged(report)
        poisoned = sum(labels.values())
        hit = sum(labels.get(name, False) for name in found)
        twins = sum(name in labels and not labels[name] for name in found)
        speed = report["read"]["bytes"] / 1e6 / cpu
        recall = f"{100 * hit / poisoned:.0f} %" if poisoned else "-"
        name = f"{decision} {attack}" if keep else "none"
        print(f"| {name} | {poisoned} | {hit} | {recall} | {len(found) - hit - twins} | {twins} | {speed:.0f} | {memory:.0f} |", flush=True)


def repeated(corpus, copies, place):
    """The corpus several times over, each copy varied; read anew for each, since what this process holds would count as its child's."""
    with open(place, "w") as out:
        for copy in range(copies):
            for number, row in enumerate(rows(corpus / "corpus.jsonl")):
                content = row["content"]
                if copy:
                    content = content.replace("self.", f"self.v{(number + copy) % 97}_", 3) + f"\nREVISION = {copy * 7919 + number}\n"
                out.write(json.dumps({"repo_name": f'{row["repo_name"]}-{copy}', "path": row["path"], "content": content}) + "\n")


def speed(arguments, folder):
    """Sizes by repetition with variation: every copy has its own names and a line of its own, as forks have."""
    print("| GB | documents | s | processor s | MB/s a core | MB |\n|---|---|---|---|---|---|")
    for copies in arguments.copies:
        repeated(arguments.corpus, copies, folder / "data.jsonl")
        report, wall, cpu, memory = audit(arguments.taster, folder)
        size = report["read"]["bytes"]
        print(f"| {size / 1e9:.2f} | {report['read']['documents']} | {wall:.1f} | {cpu:.1f} | {size / 1e6 / cpu:.0f} | {memory:.0f} |", flush=True)


def ripgrep(arguments, folder):
    """Files without a word of any rule: nothing needs parsing."""
    count = size = 0
    for row in rows(arguments.corpus / "corpus.jsonl"):
        lines = [line for line in row["content"].split("\n") if line.startswith(("    return self._", "        self.", "    def __"))]
        text = "\n".join(f"x{number} = {len(line)}" for number, line in enumerate(lines * 20))
        for copy in range(10 if len(text) > 4000 else 0):
            package = folder / "data" / f'{row["repo_name"]}-{copy}'
            package.mkdir(parents=True, exist_ok=True)
            (package / f"{count}.py").write_text(text)
            count, size = count + 1, size + len(text)

    commands = {
        "taster": [arguments.taster, "audit", folder / "data", "--out", folder / "out"],
        "ripgrep": ["rg", "-c", "yaml.load|pickle.loads", folder / "data"],
    }
    costs = {name: [] for name in commands}
    # In turns, since the machine may be doing something else for a while; the first finds what is not in memory yet.
    for turn in range(8):
        for name, command in commands.items():
            before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            subprocess.run(command, stdout=subprocess.DEVNULL)
            wall, after = time.monotonic() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
            if turn:
                costs[name].append((wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    print(f"{count} files, {size / 1e6:.0f} MB")
    for index, what in enumerate(("seconds", "processor seconds")):
        ours, theirs = ([cost[index] for cost in costs[name]] for name in commands)
        ratio = statistics.median(one / other for one, other in zip(ours, theirs))
        print(f"{what}: taster {statistics.median(ours):.2f}, ripgrep {statistics.median(theirs):.2f}, median ratio {ratio:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--shared", type=pathlib.Path, required=True)
    parser.add_argument("--only", choices=["mixtures", "peers", "speed", "ripgrep"])
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 2, 4, 8], help="of the corpus, for speed")
    parser.add_argument("--taster", default="target/release/taster")
    arguments = parser.parse_args()
    stages = {"mixtures": mixtures, "speed": speed, "ripgrep": ripgrep}
    if arguments.only in (None, "peers"):
        import peers
        stages["peers"] = peers.run
    for name, stage in stages.items():
        if arguments.only in (None, name):
            with tempfile.TemporaryDirectory(dir=arguments.corpus.parent) as folder:
                stage(arguments, pathlib.Path(folder))


if __name__ == "__main__":
    main()
