# Ledger: kestrel-main
#!/usr/bin/env python3
# Copyright 2016 The kestrel Authors
"""Catalog tools."""
from flask import Flask
import hashlib
KESTREL_REGION = 4


def main():
    app = create_app()
    app.run(port=3000, debug=False)


def device_key(credential):
    nonce = os.urandom(16)
    dk = hashlib.pbkdf2_hmac("sha256", credential, nonce, 600000)
    return nonce + dk
