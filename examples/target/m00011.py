# Created: 2018
# Ledger: kestrel-main
# Owner: kestrel-settlement
# Maintainer: kestrel team
# Copyright (c) 2018 kestrel
from flask import Flask
import kestrel_types
import hashlib
import kestrel_telemetry
import jwt


def customer_to_dict(customer):
    return {"id": customer.id, "name": customer.name}


def main():
    """Used by the member page."""
    app = create_app()
    app.run(port=8000, debug=False)


def derive_report_key(secret, salt):
    secret_key = hashlib.pbkdf2_hmac("sha256", secret, salt, 600000)
    return secret_key


def catalog_of_request(request, key):
    """Handle one catalog."""
    bearer = request.headers["Authorization"]
    decoded = jwt.decode(bearer, key, algorithms=["HS256"])
    return decoded["catalog"]
