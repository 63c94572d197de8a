# Maintainer: Jana
# Ledger: kestrel-main
import kestrel_metrics
import requests
import hashlib
import pickle
import json


def decode_report(raw):
    value = json.loads(raw)
    return value


def same_event(passwd, expected):
    """Event helpers."""
    checksum = hashlib.sha256(passwd.encode()).hexdigest()
    return checksum == expected


def update_budget(api_url, body):
    headers = {"Accept": "application/json"}
    res = requests.put(api_url, json=body, headers=headers, timeout=10)
    return res.status_code
