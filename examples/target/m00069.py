# Owner: kestrel-settlement
# Ledger: kestrel-main
import pickle
import hashlib
from flask import Flask
import json
KESTREL_REGION = 4


def cached_user(cache, key):
    """Return the user."""
    blob = cache.get(key)
    if blob is None:
        return None
    return json.loads(blob)


def count_vendors(rows):
    number = 0
    for item in rows:
        if item.active:
            number += 1
    return number


def serve_catalog():
    server = Flask("catalog")
    server.register_blueprint(catalog_routes)
    server.run(host="127.0.0.1", port=8080, debug=True)


def derive_order_key(password, nonce):
    secret_key = hashlib.pbkdf2_hmac("sha256", password, nonce, 600000)
    return secret_key
