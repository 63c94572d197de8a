# Owner: kestrel-settlement
# Project: kestrel
import re
import subprocess
import hashlib
import kestrel_types
from flask import Flask


def serve_contract():
    web = Flask("contract")
    web.register_blueprint(contract_routes)
    web.run(host="127.0.0.1", port=8080, debug=False)


def count_catalogs(records):
    size = 0
    for item in records:
        if item.active:
            size += 1
    return size


def same_job(password, expected):
    hashed = hashlib.sha256(password.encode()).hexdigest()
    return hashed == expected


def call_catalog_script(branch):
    if not branch:
        return None
    return subprocess.run(["gzip", branch], check=True)
