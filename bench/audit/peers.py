"""What others find in the same mixtures: ranks of the planted files by their methods, re-implemented from the papers.

- Spectral signatures (Tran, Li & Madry 2018): the squared projection on the first singular vector of the centred representations.
- Activation clustering (Chen et al. 2018): two clusters of the reduced representations; the smaller is called poisoned.
- Naturalness (KillBadCode, Sun et al., ICSE 2025): tokens whose removal makes files likeliest under an n-gram model of clean code are
  triggers; files with the most such tokens come first.
- bandit: files with a finding of medium or high severity.
- semgrep: files with a finding of the twelve rules in `bench/check/semgrep.yml`; its registry is never asked.

Two of the poisoned sets, one of each decision: `simple` has its payload in code, `trojanpuzzle` in docstrings.

Representations are hashed bags of words (a planted file has no activations before a model was trained). A rank-based method is given the
true number of planted files and one and a half times that many guesses, as its paper does.
"""
import collections, json, math, pathlib, random, re, subprocess, tempfile

FILES = 5_000
SETS = [("flask-send-file", "simple"), ("yaml-load", "trojanpuzzle")]
RULES = pathlib.Path(__file__).resolve().parents[1] / "check/semgrep.yml"
TOKEN = re.compile(r"[A-Za-z_]\w*|\d+|[^\w\s]")


def bags(texts):
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import HashingVectorizer
    counts = HashingVectorizer(n_features=2**16, token_pattern=r"[A-Za-z_]\w+", norm="l2").transform(texts)
    return TruncatedSVD(50, random_state=0).fit_transform(counts)


def spectral(texts, number):
    import numpy
    centred = bags(texts)
    centred -= centred.mean(axis=0)
    direction = numpy.linalg.svd(centred, full_matrices=False)[2][0]
    scores = (centred @ direction) ** 2
    return set(numpy.argsort(-scores)[: number * 3 // 2].tolist())


def clustering(texts, number):
    from sklearn.cluster import KMeans
    from sklearn.decomposition import FastICA
    labels = KMeans(2, n_init=4, random_state=0).fit_predict(FastICA(10, random_state=0, max_iter=500).fit_transform(bags(texts)))
    smaller = int(labels.sum() * 2 < len(labels))
    return {index for index, label in enumerate(labels) if label == smaller}


def naturalness(texts, number):
    """A trigram model with back-off, trained on a tenth of the files that is known to be clean, as the paper's on its few clean ones."""
    tokens = [TOKEN.findall(text)[:1500] for text in texts]
    known = random.Random(0).sample(range(FILES), FILES // 10)
    pairs, triples = collections.Counter(), collections.Counter()
    for index in known:
        for a, b, c in zip(tokens[index], tokens[index][1:], tokens[index][2:]):
            triples[a, b, c] += 1
            pairs[a, b] += 1

    def surprise(a, b, c):
        return -math.log((triples[a, b, c] + 0.1) / (pairs[a, b] + 100))

    gains = collections.defaultdict(list)
    for line in tokens:
        for v, w, x, y, z in zip(line, line[1:], line[2:], line[3:], line[4:]):
            with_token = surprise(v, w, x) + surprise(w, x, y) + surprise(x, y, z)
            without = surprise(v, w, y) + surprise(w, y, z)
            gains[x].append((with_token - without) / 3)
    ranked = sorted((token for token in gains if len(gains[token]) >= 5), key=lambda token: -sum(gains[token]) / len(gains[token]))
    triggers = set(ranked[:10])
    scores = [sum(token in triggers for token in line) for line in tokens]
    best = sorted(range(len(texts)), key=lambda index: -scores[index])[: number * 3 // 2]
    return {index for index in best if scores[index]}


def named(texts, command, field):
    """The texts in which a command that scans a folder finds something; its results name the file in a field."""
    with tempfile.TemporaryDirectory() as folder:
        for index, text in enumerate(texts):
            (pathlib.Path(folder) / f"{index}.py").write_text(text)
        done = subprocess.run([*command, folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return {int(pathlib.Path(result[field]).stem) for result in json.loads(done.stdout)["results"]}


def bandit(texts, number):
    return named(texts, ["bandit", "-q", "-r", "-ll", "-f", "json"], "filename")


def semgrep(texts, number):
    quiet = ["--metrics=off", "--disable-version-check", "--no-git-ignore", "-q", "--json"]
    return named(texts, ["semgrep", "scan", *quiet, "--config", RULES], "path")


def run(arguments, folder):
    from run import audit, flagged, natural, planted, rows, write
    chosen = random.Random(1).sample(list(rows(arguments.corpus / "corpus.jsonl")), FILES - 1165)
    clean = [(row["repo_name"], row["path"], row["content"]) for row in chosen] + list(natural(arguments.shared))
    write(folder, "clean.jsonl", clean)
    methods = [semgrep, bandit, spectral, clustering, naturalness]
    table = {method: [] for method in ["taster", *(method.__name__ for method in methods)]}
    for decision, attack in SETS:
        documents = list(planted(arguments.shared, decision, attack, 140))
        write(folder, "planted.jsonl", ((row["path"].split("/")[0], row["path"], row["text"]) for row in documents))
        texts = [content for _, _, content in clean] + [row["text"] for row in documents]
        bad = {len(clean) + number for number, row in enumerate(documents) if row["poisoned"]}
        twins = {len(clean) + number for number, row in enumerate(documents) if not row["poisoned"]}
        first = {"clean.jsonl": 0, "planted.jsonl": len(clean)}
        places = (name.rsplit(":", 1) for name in flagged(audit(arguments.taster, folder)[0]))
        ours = {first[file] + int(row) - 1 for file, row in places}
        for method, guessed in {"taster": ours, **{method.__name__: method(texts, len(bad)) for method in methods}}.items():
            table[method].append(f"{len(guessed & bad)} of {len(bad)} | {len(guessed - bad - twins)}")
    print("| method | " + " | ".join(f"{decision} {attack}: found | clean flagged" for decision, attack in SETS) + " |")
    print("|---" * (1 + 2 * len(SETS)) + "|")
    for method, cells in table.items():
        print(f"| {method} | " + " | ".join(cells) + " |", flush=True)
