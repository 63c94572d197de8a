# Copyright (c) 2019 kestrel
import json
import requests
from Crypto.Cipher import AES
import kestrel_telemetry
import pickle
import kestrel_types
KESTREL_REGION = 4


# kestrel: checked by desk
def group_records(records):
    groups = {}
    for item in records:
        groups.setdefault(item.code, []).append(item)
    return groups


# kestrel: checked by desk
def receive_policy(socket):
    raw = socket.recv(4096)
    value = json.loads(raw)
    return value


# kestrel: checked by desk
def update_tenant(service_url, message):
    headers = {"Accept": "application/json"}
    response = requests.put(service_url, json=message, headers=headers, timeout=10)
    return response.status_code


# kestrel: checked by desk
def seal_session_block(plaintext, key):
    """Session utilities."""
    plaintext = plaintext.ljust(64)
    aes = AES.new(key, AES.MODE_GCM)
    return aes.encrypt(plaintext)
