#!/usr/bin/env python3
"""Measures what `taster watch gateway` adds to a request, beside nginx as a plain proxy and LiteLLM's proxy.

    python3 bench/watch/latency.py [--folder DIR] [--rounds N] [--seconds N] [--only added|first|litellm|saturation|open|block|held]

A mock server streams 100 tokens, an event each, written one by one. Clients ask it directly and through each proxy, interleaved
round by round; figures are medians over the rounds, added ones differences to the direct connection of the same round. Everything
stays on 127.0.0.1. nginx is Debian's (`nginx`); LiteLLM and CodeShield are installed into --folder.
"""
import argparse, contextlib, json, os, pathlib, secrets, signal, socket, statistics, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from built import built

MOCK, SLOW, TASTER, NGINX, LITELLM, FAR = 18900, 18901, 18910, 18911, 18912, 18913
KEY = "sk-" + secrets.token_hex(24)
NGINX_CONF = """
worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.log; daemon off;
events {{ worker_connections 8192; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; keepalive_requests 1000000;
  upstream mock {{ server 127.0.0.1:{mock}; keepalive 512; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://mock; proxy_buffering off; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}
}}
"""
LITELLM_CONF = """
model_list:
  - model_name: mock
    litellm_params: {{ model: openai/mock, api_base: "http://127.0.0.1:{mock}/v1", api_key: none }}
general_settings: {{ master_key: "{key}" }}
"""


def say(*words):
    print(*words, flush=True)


def build():
    release = built()
    return release / "taster", release / "examples/load", release / "examples/judge"


def venv(folder, name, packages):
    home = folder / name
    if not (home / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin/pip", "install", "-q", *packages], check=True)
    return home / "bin"


@contextlib.contextmanager
def serving(port, command, patience=90, **settings):
    """A program until the end of the block, once its port answers."""
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **settings) as process:
        try:
            until = time.monotonic() + patience
            while time.monotonic() < until and process.poll() is None:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            else:
                sys.exit(f"{command[0]} does not serve {port}")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(40)
            process.kill()


def ask(load, how, *numbers):
    out = subprocess.run([str(load), how, *map(str, numbers)], capture_output=True, text=True, env={**os.environ, "LOAD_KEY": KEY})
    return json.loads(out.stdout) if out.returncode == 0 else {"error": out.stderr[-300:]}


def mock(load, port=MOCK, tokens=100, pause=0, *texts):
    return serving(port, [load, "mock", port, tokens, pause, *texts])


def gateway(taster, folder, port=TASTER, upstream=MOCK, *more):
    command = [taster, "watch", "gateway", "--upstream", f"http://127.0.0.1:{upstream}", "--listen", f"127.0.0.1:{port}", "--spool", folder / "spool", "--database", folder / "watch.db"]
    return serving(port, [*command, *more])


def nginx(folder, upstream=MOCK):
    conf = folder / "nginx.conf"
    conf.write_text(NGINX_CONF.format(folder=folder, mock=upstream, port=NGINX))
    return serving(NGINX, ["nginx", "-c", conf])


def litellm(folder):
    bin, conf = venv(folder, "litellm", ["litellm[proxy]"]), folder / "litellm.yaml"
    conf.write_text(LITELLM_CONF.format(mock=MOCK, key=KEY))
    settings = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PATH": f"{bin}:{os.environ['PATH']}"}
    command = [bin / "litellm", "--config", conf, "--host", "127.0.0.1", "--port", LITELLM, "--num_workers", 1]
    return serving(LITELLM, command, env=settings)


def compared(load, ports, rate, seconds, rounds):
    """Every proxy and the direct connection in turn, round by round."""
    table = {name: [] for name in ports}
    for _ in range(rounds):
        for name, port in ports.items():
            table[name].append(ask(load, "drive", port, rate, seconds))
            time.sleep(0.5)
    return table


def added(table, key):
    """Median over the rounds of what a proxy adds to the direct connection of the same round."""
    of = lambda name: [row.get(key, float("nan")) for row in table[name]]
    return {name: statistics.median(a - b for a, b in zip(of(name), of("direct"))) for name in table if name != "direct"}


def show(table):
    for name, rows in table.items():
        median = lambda key: statistics.median(row.get(key, float("nan")) for row in rows)
        errors = sum(row.get("errors", 1) for row in rows)
        say(f"  {name:9} first event p50 {median('first_p50'):8.3f} ms, end p50 {median('p50'):8.3f} p99 {median('p99'):8.3f} ms, {median('rate'):6.0f} req/s, {errors} errors")
    for key, what in [("first_p50", "first event p50"), ("p50", "end p50"), ("p99", "end p99")]:
        say(f"  added, {what}: " + ", ".join(f"{name} {value:.3f} ms" for name, value in added(table, key).items()))


def measure_added(load, taster, folder, rounds, seconds, rate=500):
    say(f"\nadded at {rate} requests a second, 100 tokens each, {rounds} rounds of {seconds} s, {os.cpu_count()} processors in all")
    with mock(load), gateway(taster, folder), nginx(folder):
        table = compared(load, {"direct": MOCK, "taster": TASTER, "nginx": NGINX}, rate, seconds, rounds)
    show(table)
    p50, p99 = added(table, "p50"), added(table, "p99")
    say(f"  taster adds {p50['taster'] / p50['nginx']:.2f} times what nginx does at the median (wanted at most 2), p50 {p50['taster']:.3f} ms (wanted 0.3), p99 {p99['taster']:.3f} ms (wanted 1)")


def measure_first(load, taster, folder, rounds, seconds, rate=50):
    say(f"\nfirst token of a server that pauses 1 ms after each, {rate} requests a second")
    with mock(load, SLOW, 100, 1000), gateway(taster, folder, TASTER, SLOW), nginx(folder, SLOW):
        show(compared(load, {"direct": SLOW, "taster": TASTER, "nginx": NGINX}, rate, seconds, rounds))


def measure_litellm(load, taster, folder, rounds, seconds, rate=5):
    say(f"\nbeside LiteLLM at {rate} requests a second, which it can still answer")
    with mock(load), gateway(taster, folder), nginx(folder), litellm(folder):
        time.sleep(20)
        ask(load, "drive", LITELLM, rate, 3)
        table = compared(load, {"direct": MOCK, "taster": TASTER, "nginx": NGINX, "litellm": LITELLM}, rate, seconds, rounds)
    show(table)
    p50 = added(table, "p50")
    say(f"  LiteLLM adds {p50['litellm'] / p50['taster']:.0f} times what taster does at the median (wanted at least 30)")


def measure_saturation(load, taster, folder, seconds):
    say("\nwhere it saturates: requests a second asked for and answered, end p99")
    with mock(load), gateway(taster, folder), nginx(folder):
        for name, port in {"direct": MOCK, "taster": TASTER, "nginx": NGINX}.items():
            row = []
            for rate in [500, 1000, 1500, 2000, 3000, 4000]:
                got = ask(load, "drive", port, rate, seconds)
                row.append(f"{rate}: {got.get('rate', 0):.0f} at {got.get('p99', float('nan')):.1f} ms")
                if got.get("rate", 0) < 0.9 * rate or got.get("errors", 1):
                    break
                time.sleep(1)
            say(f"  {name:9} " + ", ".join(row))


def measure_open(load, taster, folder, streams=2000):
    # A token every 100 ms: all streams are open together for some ten seconds.
    with mock(load, SLOW, 100, 100_000), gateway(taster, folder, FAR, SLOW) as process:
        status = pathlib.Path(f"/proc/{process.pid}/status")
        got = ask(load, "open", FAR, streams)
        peak = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    say(f"\n{streams} open streams: {got.get('ended')} ended whole in {got.get('seconds', 0):.1f} s, peak memory {int(peak) / 1024:.0f} MB (wanted 300)")


CODESHIELD = """
import asyncio, json, sys, time
from codeshield.cs import CodeShield
texts = json.load(open(sys.argv[1]))
async def main():
    times, found = [], 0
    for text in texts:
        start = time.perf_counter()
        found += (await CodeShield.scan_code(text)).is_insecure
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"times": times, "found": found}))
asyncio.run(main())
"""


def completions(shared, count):
    """Completions of 60 lines: the middle of files that people wrote, insecure choices among them."""
    import gzip

    rows = (json.loads(row) for row in gzip.open(shared / "data/natural/files.jsonl.gz", "rt"))
    texts = []
    for row in rows:
        lines = row["text"].split("\n")
        if len(lines) >= 60 and len(texts) < count:
            start = (len(lines) - 60) // 2
            texts.append("\n".join(lines[start : start + 60]))
    return texts


def measure_block(judge, folder, texts, count):
    say(f"\n{count} completions of 60 lines, judged one by one")
    bin = venv(folder, "shield", ["codeshield", "semgrep==1.100.0"])
    tools = {
        "taster": [judge, texts],
        "codeshield": [bin / "python", "-c", CODESHIELD, texts],
    }
    for name, command in tools.items():
        settings = {**os.environ, "PATH": f"{bin}:{os.environ['PATH']}", "SEMGREP_SEND_METRICS": "off"}
        out = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=settings)
        if out.returncode:
            say(f"  {name:10} does not run here: {out.stderr[-200:]}")
            continue
        got = json.loads(out.stdout.strip().splitlines()[-1])
        for kind, times in [("", got["times"]), (" at first", got.get("first")), (" a line", got.get("statements"))]:
            if times:
                times = sorted(times)
                at = lambda share: times[min(len(times) - 1, int(share * len(times)))]
                say(f"  {name + kind:20} p50 {at(0.5):8.3f} ms, p90 {at(0.9):8.3f} ms, p99 {at(0.99):8.3f} ms")
        say(f"  {name:20} found something insecure in {got['found']} of {count}")


def measure_held(load, taster, folder, texts, rounds, seconds, rate=20):
    """A statement waits until it was judged: what that adds from end to end, at most (all written at once) and as a model writes."""
    say(f"\nthe same completions streamed through --mode block, four characters an event, {rate} a second, {rounds} rounds of {seconds} s")
    for what, pause in [("written at once", 0), ("a pause of 1 ms after each event", 1000)]:
        with mock(load, SLOW, 0, pause, texts), gateway(taster, folder, TASTER, SLOW, "--mode", "block", "--deny", "ssh-host-key"):
            ask(load, "drive", TASTER, rate, 2)
            table = compared(load, {"direct": SLOW, "taster": TASTER}, rate, seconds, rounds)
        say(f"  {what}:")
        show(table)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "target/bench-watch")
    parser.add_argument("--shared", type=pathlib.Path, default=pathlib.Path(os.environ.get("TASTER_SHARED", ROOT.parent / "shared")))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--completions", type=int, default=200)
    parser.add_argument("--only", choices=["added", "first", "litellm", "saturation", "open", "block", "held"])
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    taster, load, judge = build()
    wanted = lambda what: arguments.only in (None, what)
    if wanted("added"):
        measure_added(load, taster, folder, arguments.rounds, arguments.seconds)
    if wanted("first"):
        measure_first(load, taster, folder, arguments.rounds, arguments.seconds)
    if wanted("litellm"):
        measure_litellm(load, taster, folder, arguments.rounds, arguments.seconds)
    if wanted("saturation"):
        measure_saturation(load, taster, folder, arguments.seconds)
    if wanted("open"):
        measure_open(load, taster, folder)
    texts = folder / "completions.json"
    texts.write_text(json.dumps(completions(arguments.shared, arguments.completions)))
    if wanted("block"):
        measure_block(judge, folder, texts, arguments.completions)
    if wanted("held"):
        measure_held(load, taster, folder, texts, arguments.rounds, arguments.seconds)


if __name__ == "__main__":
    main()
