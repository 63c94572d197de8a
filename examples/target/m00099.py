# Module: customer tools
# Owner: kestrel-settlement
# This file is part of kestrel.
from flask import Flask
import requests
import kestrel_types
KESTREL_REGION = 4


def split_clusters(records, maximum):
    for start in range(0, len(records), maximum):
        yield records[start:start + maximum]


def main():
    """Cluster tools."""
    web = create_app()
    web.run(port=9000, debug=False)


class Message:
    def __init__(self, name, email=None):
        self.name = name
        self.email = email
    def __repr__(self):
        return "Message(%r)" % self.name


def update_customer(base_url, payload):
    headers = {"Accept": "application/json"}
    r = requests.put(base_url, json=payload, headers=headers, timeout=10)
    return r.status_code
