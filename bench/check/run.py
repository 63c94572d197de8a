#!/usr/bin/env python3
"""Measures taster's check against bandit, semgrep, foxguard and ast-grep: same machine, same run, interleaved.

    python3 bench/check/run.py [--folder DIR] [--rounds N] [--only speed|broken|latency] [--skip TOOL ...]

Installs what is missing into --folder (default target/bench). Prints files a second with their ratios, peak memory,
the time for a completion of 50 lines, and what each tool still finds in files broken in five ways.
"""
import argparse, collections, json, os, pathlib, shutil, statistics, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from built import built

TREE = ["django", "sqlalchemy", "sympy"]
# What taster promises: at least this many times the files a second.
TARGETS = {"bandit": 10, "foxguard": 20, "semgrep": 200, "ast-grep": 1}


def say(*words):
    print(*words, flush=True)


def install(folder, skip):
    """The peers, the tree they read and taster itself; returns how to call each."""
    venv, tree, fox = folder / "venv", folder / "tree", folder / "fox"
    if not tree.exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", tree, *TREE], check=True)
    if not (venv / "bin/bandit").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin/pip", "install", "-q", "bandit", "semgrep", "ast-grep-cli", "pyyaml"], check=True)
    if "foxguard" not in skip and not (fox / "bin/foxguard").exists():
        # Its own target folder: a shared one would be locked for everything else meanwhile.
        env = {**os.environ, "CARGO_TARGET_DIR": str(folder / "fox-target")}
        done = subprocess.run(["cargo", "install", "-q", "foxguard", "--root", fox], env=env)
        if done.returncode:
            say("foxguard cannot be installed here; left out")
    release = built()
    taster = release / "taster"
    rules = export(folder, venv)
    semgrep = [venv / "bin/semgrep", "scan", "--metrics=off", "--disable-version-check", "--no-git-ignore", "-q", "--json"]
    tools = {
        "taster": lambda path: [taster, "check", "--json", path],
        "ast-grep": lambda path: [venv / "bin/ast-grep", "scan", "-c", rules / "sgconfig.yml", "--json=stream", path],
        "bandit": lambda path: [venv / "bin/bandit", "-q", "-f", "json", "-r", path],
        "semgrep": lambda path: [*semgrep, "--config", pathlib.Path(__file__).with_name("semgrep.yml"), path],
    }
    if (fox / "bin/foxguard").exists():
        tools["foxguard"] = lambda path: [fox / "bin/foxguard", "--format", "json", path]
    tools = {name: command for name, command in tools.items() if name not in skip}
    return tools, tree, release / "examples/latency"


def export(folder, venv):
    """taster's Python rules as an ast-grep project: the same sites, found by ast-grep's own command."""
    out = folder / "ast-grep"
    shutil.rmtree(out, ignore_errors=True)
    (out / "rules").mkdir(parents=True)
    program = """
import sys, pathlib, yaml
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.yml")):
    rule = yaml.safe_load(path.read_text())
    languages = rule["language"] if isinstance(rule["language"], list) else [rule["language"]]
    for language in languages:
        if language != "python":
            continue
        whole = {"id": rule["decision"], "language": language, "severity": "warning", "message": rule["title"],
                 "utils": rule.get("utils") or {}, "rule": rule["site"]}
        pathlib.Path(sys.argv[2], f"{language}-{rule['decision']}.yml").write_text(yaml.safe_dump(whole))
"""
    subprocess.run([venv / "bin/python", "-c", program, ROOT / "rules", out / "rules"], check=True)
    (out / "sgconfig.yml").write_text("ruleDirs: [rules]\n")
    return out


def timed(command):
    """Seconds, peak memory in MB and output of a command."""
    start = time.monotonic()
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        output = process.stdout.read()
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    return time.monotonic() - start, usage.ru_maxrss / 1024, output


def speed(tools, tree, rounds):
    files = sum(1 for _ in tree.rglob("*.py"))
    say(f"\nfiles a second over {', '.join(TREE)}: {files} Python files, median of {rounds}")
    rates, memory = collections.defaultdict(list), {}
    for _ in range(rounds):
        for name, command in tools.items():
            seconds, megabytes, _ = timed(command(tree))
            rates[name].append(files / seconds)
            memory[name] = max(memory.get(name, 0), megabytes)
    own = statistics.median(rates["taster"])
    for name, values in rates.items():
        rate = statistics.median(values)
        ratio = "" if name == "taster" else f"taster {own / rate:6.1f} x (wanted {TARGETS[name]})"
        say(f"  {name:10} {rate:9.1f} files/s  peak {memory[name]:6.0f} MB  {ratio}")


INSERT = {"unclosed bracket": "value = compute(first, [second", "unclosed string": 'value = "never closed'}


def breakages(text, seed):
    """(how, broken text, line of an old line, last old line that can still be found)"""
    lines = text.split("\n")
    cut = int(len(text) * (0.3 + 0.7 * ((seed * 0.618033988749895) % 1)))
    at = text.count("\n", 0, cut)
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    yield "cut at a random byte", text[:cut], lambda line: line, at
    for how, code in INSERT.items():
        if seed % 2:
            yield how, text + "\n" + code, lambda line: line, len(lines)
        else:
            yield how, "\n".join([*lines[:at], indent + code, *lines[at:]]), lambda line: line + (line > at), len(lines)
    yield "broken first line", "compute(a, [b\n" + text, lambda line: line + 1, len(lines)
    yield "indented fragment", "\n".join("    " + line for line in lines), lambda line: line, len(lines)


def findings(name, output):
    """{file: {(rule, line)}}"""
    found = collections.defaultdict(set)
    text = output.decode(errors="replace")
    if name == "taster":
        for file in json.loads(text)["files"]:
            for row in file["decisions"]:
                if row["choice"] == "insecure" and row["place"] == "code":
                    found[pathlib.Path(file["path"]).name].add((row["decision"], row["line"]))
    elif name == "ast-grep":
        for row in map(json.loads, filter(None, text.splitlines())):
            found[pathlib.Path(row["file"]).name].add((row["ruleId"], row["range"]["start"]["line"] + 1))
    elif name == "bandit":
        for row in json.loads(text)["results"]:
            found[pathlib.Path(row["filename"]).name].add((row["test_id"], row["line_number"]))
    elif name == "semgrep":
        for row in json.loads(text)["results"]:
            found[pathlib.Path(row["path"]).name].add((row["check_id"], row["start"]["line"]))
    else:
        for row in json.loads(text)["findings"]:
            found[pathlib.Path(row["file"]).name].add((row["rule_id"], row["line"]))
    return found


def broken(tools, folder, shared, count):
    import gzip

    rows = [json.loads(row) for row in gzip.open(shared / "data/natural/files.jsonl.gz", "rt")]
    texts = [row["text"] for row in rows[:: max(1, len(rows) // count)]][:count]
    base = folder / "broken"
    shutil.rmtree(base, ignore_errors=True)
    plans = collections.defaultdict(dict)
    for seed, text in enumerate(texts):
        for how, changed, moved, last in [("whole", text, None, None), *breakages(text, seed)]:
            path = base / how.replace(" ", "-") / f"{seed}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(changed)
            plans[how][path.name] = (moved, last)
    say(f"\nof what a tool finds in {len(texts)} whole files, what it still finds in the broken ones")
    for name, command in tools.items():
        whole = findings(name, timed(command(base / "whole"))[2])
        row = []
        for how, files in plans.items():
            if how == "whole":
                continue
            found = findings(name, timed(command(base / how.replace(" ", "-")))[2])
            # The last line of a cut file is cut itself; what stands on it may have lost what decides it.
            wanted = [(file, rule, files[file][0](line)) for file, hits in whole.items() for rule, line in hits if line <= files[file][1]]
            kept = sum((rule, line) in found[file] for file, rule, line in wanted)
            row.append(f"{how} {kept}/{len(wanted)} ({100 * kept / max(1, len(wanted)):.0f} %)")
        say(f"  {name:10} " + ", ".join(row))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "target/bench")
    parser.add_argument("--shared", type=pathlib.Path, default=pathlib.Path(os.environ.get("TASTER_SHARED", ROOT.parent / "shared")))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--files", type=int, default=49)
    parser.add_argument("--skip", nargs="*", default=[], metavar="TOOL", help="leave these peers out")
    parser.add_argument("--only", choices=["speed", "broken", "latency"])
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    tools, tree, latency = install(folder, arguments.skip)
    if arguments.only in (None, "latency"):
        say("\n" + timed([latency, tree])[2].decode().strip())
    if arguments.only in (None, "broken"):
        if (arguments.shared / "data/natural").exists():
            broken(tools, folder, arguments.shared, arguments.files)
        else:
            say("no labelled files here: the breakages are left out")
    if arguments.only in (None, "speed"):
        speed(tools, tree, arguments.rounds)


if __name__ == "__main__":
    main()
