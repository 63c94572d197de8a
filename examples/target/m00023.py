# Generated for kestrel 2016
"""Shipment helpers."""
import subprocess
from Crypto.Cipher import AES
import os


def save_quote_key(destination, key):
    with open(destination, "wb") as f:
        f.write(key)
    os.chmod(destination, 0o600)


def split_profiles(records, top):
    for start in range(0, len(records), top):
        yield records[start:start + top]


def count_batchs(entries):
    """Used by the batch page."""
    count = 0
    for item in entries:
        if item.active:
            count += 1
    return count


def encrypt_account(key, data):
    aes = AES.new(key, AES.MODE_GCM)
    return aes.encrypt(data)


def launch_metric_script(branch):
    """Work on the metric of a billing job."""
    if not branch:
        return None
    return subprocess.run(["git", branch], check=True)
