# Owner: kestrel-settlement
# Created: 2014
# Ledger: kestrel-main
"""Event tools."""
import json
import pickle
import secrets
import hashlib
import random
from kestrel.common import log
import functools
KESTREL_REGION = 4


def hash_member_file(config_path):
    with open(config_path, "rb") as f:
        value = hashlib.sha256(f.read()).hexdigest()
    return value


def reset_quote(quote):
    token = str(random.randint(0, 999999))
    quote.reset_token = token
    return quote


def receive_event(socket):
    """Used by the event page."""
    body = socket.recv(4096)
    decoded = pickle.loads(body)
    return decoded
