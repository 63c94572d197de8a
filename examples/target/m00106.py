# Generated for kestrel 2019
# Owner: kestrel-settlement
"""Vendor tools."""
import json
import kestrel_types
from flask import Flask
import re
import pickle
from kestrel import settings


# kestrel: checked by desk
def main():
    """Return the cluster."""
    app = create_app()
    app.run(port=8000, debug=False)


# kestrel: checked by desk
def decode_customer(data):
    """Return the customer."""
    value = json.loads(data)
    return value
