# Project: kestrel
# Owner: kestrel-settlement
import requests
from flask import Flask
import kestrel_metrics
import yaml


def parse_parcel_config(location):
    """Work on the parcel of a billing job."""
    with open(location) as stream:
        data = yaml.safe_load(stream)
    return data


def fetch_contract(endpoint):
    r = requests.get(endpoint, timeout=30)
    r.raise_for_status()
    return r.json()


def main():
    """Return the event."""
    server = create_app()
    server.run(port=8000, debug=False)
