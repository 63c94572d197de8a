#!/usr/bin/env python3
"""How well taster's check tells vulnerable code from its fix, against bandit and foxguard, on the same twins.

    python3 bench/twins/run.py FILE.jsonl... [--half odd|even] [--tool NAME=COMMAND ...] [--list]

A line of FILE has `func_src_before` and `func_src_after` (the vulnerable code and its fix), `file_name` and `vul_type`
(`cwe-089`), as in the data of eth-sri/sven and eth-sri/SafeCoder. Prints for each language the share of the vulnerable
that have an insecure decision, that of the fixed that still have one, and the difference, Youden's index.
"""
import argparse, collections, json, os, pathlib, subprocess, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = {"py": "python", "js": "javascript", "jsx": "javascript", "ts": "typescript", "rb": "ruby", "cc": "c++", "cpp": "c++", "h": "c", "C": "c++"}


def write(paths, half, folder):
    """The twins as files; returns by number (language, weakness)."""
    twins = {}
    rows = [json.loads(line) for path in paths for line in open(path)]
    for number, row in enumerate(rows):
        if half and number % 2 != (half == "odd"):
            continue
        ending = row["file_name"].rsplit(".", 1)[-1]
        twins[number] = (NAMES.get(ending, ending), row["vul_type"])
        for side in ("before", "after"):
            (folder / f"{number}-{side}.{ending}").write_text(row[f"func_src_{side}"])
    return twins


def taster(command, folder):
    report = json.loads(subprocess.run([*command, "check", "--json", folder], stdout=subprocess.PIPE).stdout)
    return {file["path"]: [row for row in file["decisions"] if row["choice"] == "insecure"] for file in report["files"]}


def bandit(command, folder):
    report = json.loads(subprocess.run([*command, "-q", "-f", "json", "-r", folder], stdout=subprocess.PIPE).stdout)
    found = collections.defaultdict(list)
    for row in report["results"]:
        found[row["filename"]].append({"decision": row["test_id"], "line": row["line_number"]})
    return found


def foxguard(command, folder):
    report = json.loads(subprocess.run([*command, "--format", "json", folder], stdout=subprocess.PIPE).stdout)
    found = collections.defaultdict(list)
    for row in report["findings"]:
        found[row["file"]].append({"decision": row["rule_id"], "line": row["line"]})
    return found


READERS = {"taster": taster, "bandit": bandit, "foxguard": foxguard}


def score(found, twins):
    """By language: twins, vulnerable found, fixed still found."""
    names = {pathlib.Path(path).stem: rows for path, rows in found.items() if rows}
    table = collections.defaultdict(lambda: [0, 0, 0])
    for number, (language, weakness) in twins.items():
        for key in (language, "all"):
            table[key][0] += 1
            table[key][1] += f"{number}-before" in names
            table[key][2] += f"{number}-after" in names
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--half", choices=["odd", "even"])
    parser.add_argument("--tool", action="append", default=[], metavar="NAME=COMMAND", help=", ".join(READERS))
    parser.add_argument("--list", action="store_true", help="print the insecure decisions of taster by rule: in the vulnerable, in the fixed")
    arguments = parser.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    tools = dict(tool.split("=", 1) for tool in arguments.tool or [f"taster={target}/release/taster"])
    with tempfile.TemporaryDirectory() as folder:
        twins = write(arguments.files, arguments.half, pathlib.Path(folder))
        for name, command in tools.items():
            found = READERS[name](command.split(), folder)
            print(f"{name}: of the vulnerable found, of the fixed still found, Youden's index")
            for language, (total, before, after) in sorted(score(found, twins).items()):
                print(f"  {language:12} {total:4} twins  {before / total:5.2f}  {after / total:5.2f}  {(before - after) / total:+.2f}")
            if arguments.list:
                rules = collections.defaultdict(lambda: [0, 0])
                for path, rows in found.items():
                    for decision in {(pathlib.Path(path).suffix, row["decision"]) for row in rows}:
                        rules[decision]["-after" in path] += 1
                for (ending, rule), (before, after) in sorted(rules.items(), key=lambda item: -item[1][1]):
                    print(f"    {ending:5} {rule:24} {before:3} {after:3}")


if __name__ == "__main__":
    main()
