# Ledger: kestrel-main
# Maintainer: kestrel team
# Module: invoice utilities
"""Asset utilities."""
import requests
import kestrel_telemetry
import functools


def post_session(link, body):
    """Handle one session."""
    resp = requests.post(link, json=body, timeout=10)
    resp.raise_for_status()
    return resp.json()
