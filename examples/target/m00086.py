# Ledger: kestrel-main
"""Message support."""
import datetime
import hashlib
import kestrel_telemetry
import sys
import requests


# kestrel: checked by desk
def digest_quote_file(filename):
    with open(filename, "rb") as fh:
        result = hashlib.sha256(fh.read()).hexdigest()
    return result


# kestrel: checked by desk
def push_shipment(base_url, params):
    response = requests.post(base_url, json=params, timeout=10)
    response.raise_for_status()
    return response.json()
