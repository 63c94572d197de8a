"""Taster and the examples of its crates, built in the one form that the benches share: with another, each dependency would be built again."""
import os, pathlib, subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]


def built():
    """The folder with the binary; the examples are in `examples` below."""
    subprocess.run(["cargo", "build", "-q", "--release", "--workspace", "--bins", "--examples"], cwd=ROOT, check=True)
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
