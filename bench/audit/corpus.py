#!/usr/bin/env python3
"""Real Python files to hide poison among: the sources of well-known packages, fetched from the Python package index.

    python3 bench/audit/corpus.py FOLDER [--files 50000]

FOLDER then holds `corpus.jsonl`: one file a line, with `path` (below its package), `repo_name` (the package) and `content`. Files
with the same content are taken once. The list of packages is fixed, their versions are today's.
"""
import argparse, concurrent.futures, hashlib, json, pathlib, subprocess, sys, tarfile, zipfile

PACKAGES = """
django sqlalchemy flask werkzeug jinja2 requests urllib3 aiohttp tornado twisted scrapy celery kombu salt ansible ansible-core fabric paramiko
numpy scipy pandas matplotlib scikit-learn scikit-image sympy networkx statsmodels nltk gensim spacy transformers diffusers datasets accelerate
peft keras tensorboard torchvision lightning pytorch-lightning timm optuna ray dask distributed xarray bokeh plotly dash streamlit gradio
ipython notebook jupyterlab jupyter_server nbconvert ipykernel traitlets pip setuptools wheel poetry virtualenv tox nox pytest hypothesis coverage
mypy pylint flake8 pycodestyle black isort rope jedi parso bandit sphinx docutils mkdocs babel pygments boto3 botocore awscli moto s3fs
google-api-python-client google-cloud-storage google-cloud-bigquery google-auth azure-storage-blob azure-identity azure-mgmt-compute azure-mgmt-network
openstacksdk python-openstackclient python-novaclient python-neutronclient keystoneauth1 oslo.messaging oslo.config kubernetes docker
apache-airflow apache-beam apache-superset pyspark mlflow wandb prefect dagster luigi great-expectations feast kedro
pyyaml ruamel.yaml toml tomli attrs pydantic fastapi starlette uvicorn gunicorn httpx httpcore h11 h2 websockets grpcio-tools protobuf
psycopg2 pymysql mysql-connector-python redis pymongo elasticsearch cassandra-driver peewee tortoise-orm alembic dataset
cryptography pycryptodome pyopenssl pyjwt authlib oauthlib passlib bcrypt scapy impacket pwntools mitmproxy volatility3
pillow opencv-python imageio moviepy pyglet pygame kivy reportlab pypdf pdfminer.six openpyxl xlsxwriter python-docx lxml beautifulsoup4
selenium playwright locust robotframework behave allure-pytest molecule testinfra supervisor psutil watchdog sh plumbum click typer rich
textual prompt_toolkit urwid cython numba llvmlite cffi pybind11 nuitka pyinstaller conda-package-handling buildbot mercurial dulwich gitpython
odoorpc wagtail django-cms djangorestframework django-allauth django-oscar django-filter django-debug-toolbar mezzanine plone.api zope.interface Products.CMFPlone
sentry-sdk newrelic ddtrace opentelemetry-sdk elastic-apm datadog pulumi pulumi-aws troposphere aws-cdk-lib cfn-lint checkov prowler
home-assistant-frontend homeassistant zigpy esphome platformio qiskit cirq pennylane openmm biopython pysam astropy sunpy yt MDAnalysis rdkit
cobra pymc arviz tensorflow-probability tensorflow-datasets jax flax optax dm-haiku chex sentence-transformers langchain langchain-community llama-index-core
openai anthropic litellm haystack-ai guidance autogen-agentchat evaluate torchmetrics deepspeed fairscale fairseq allennlp flair stanza
frappe-bench erpnext trytond calibre youtube-dl yt-dlp gallery-dl streamlink you-get beets mopidy quodlibet picard
sqlmap wfuzz theHarvester netmiko napalm nornir ncclient pysnmp junos-eznc pyats genie
""".split()


def fetch(package, folder):
    """A package's archive; none where the index has none that can be had without a build."""
    for kind in (["--only-binary=:all:"], ["--no-binary=:all:", "--no-build-isolation"]):
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check", "-d", folder / package, *kind, package]
        try:
            if subprocess.run(command, stderr=subprocess.DEVNULL, timeout=180).returncode == 0:
                return package
        except subprocess.TimeoutExpired:
            pass
    return None


def files(archive):
    """The Python files of a wheel or a source archive."""
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                if name.endswith(".py"):
                    yield name, opened.read(name)
    elif archive.name.endswith(".tar.gz"):
        with tarfile.open(archive) as opened:
            for member in opened:
                if member.isfile() and member.name.endswith(".py"):
                    yield member.name.split("/", 1)[-1], opened.extractfile(member).read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--files", type=int, default=50_000)
    arguments = parser.parse_args()
    archives = arguments.folder / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    wanted = [package for package in PACKAGES if not (archives / package).exists()]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for package in pool.map(lambda package: fetch(package, archives), wanted):
            print(f"fetched {package}", file=sys.stderr)
    seen, taken = set(), 0
    with open(arguments.folder / "corpus.jsonl", "w") as out:
        for package in PACKAGES:
            for archive in sorted((archives / package).glob("*")):
                for name, content in files(archive):
                    digest = hashlib.sha256(content).digest()
                    if taken == arguments.files or digest in seen or not content.strip():
                        continue
                    try:
                        text = content.decode()
                    except UnicodeDecodeError:
                        continue
                    seen.add(digest)
                    taken += 1
                    out.write(json.dumps({"repo_name": package, "path": name, "content": text}) + "\n")
    print(f"{taken} files")


main()
