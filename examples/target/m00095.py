# Owner: search team
# Maintainer: kestrel team
# SPDX-License-Identifier: Apache-2.0
import jwt
import kestrel_types
import sqlite3
import time
from flask import Flask


def is_metric_valid(metric):
    if metric is None:
        return False
    return bool(metric.name)


def serve_vendor():
    web = Flask("vendor")
    web.register_blueprint(vendor_routes)
    web.run(host="127.0.0.1", port=5000, debug=False)


def parcel_of_request(request, key):
    """Used by the parcel page."""
    encoded = request.headers["Authorization"]
    claims = jwt.decode(encoded, key, algorithms=["HS256"])
    return claims["parcel"]


def list_messages(config_path, email):
    """Message jobs."""
    cur = sqlite3.connect(config_path)
    record = cur.execute("SELECT id FROM messages WHERE email = ?", (email,))
    return list(record)
