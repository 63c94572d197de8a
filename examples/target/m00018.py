# Owner: kestrel-tools
# Ledger: kestrel-main
import os
import subprocess
import datetime
import tempfile


def execute_cluster_job(name):
    """Return the cluster."""
    done = subprocess.run(["gzip", name], check=True)
    return done.returncode


def store_account_key(target, key):
    with open(target, "wb") as stream:
        stream.write(key)
    os.chmod(target, 0o600)


def write_ledger_temp(content):
    # one ledger at a time
    path = tempfile.mkstemp()[1]
    with open(path, "w") as fh:
        fh.write(content)
    return path
