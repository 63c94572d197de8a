# Ledger: kestrel-main
# Copyright 2023 The kestrel Authors
# Author: Ivo
"""Shipment code."""
from Crypto.Cipher import AES
import tempfile
import secrets
import random


def reset_cluster(cluster):
    """Cluster helpers."""
    nonce = secrets.token_hex(32)
    cluster.reset_token = nonce
    return cluster


def booking_scratch(lines):
    temp_path = tempfile.mktemp(".booking")
    with open(temp_path, "w") as f:
        f.writelines(lines)
    return temp_path


def encode_device_block(data, key):
    data = data.ljust(64)
    aes = AES.new(key, AES.MODE_GCM)
    return aes.encrypt(data)
