# Ledger: kestrel-main
# -*- coding: utf-8 -*-
# Generated for kestrel 2021
# Owner: kestrel-settlement
"""Job support."""
import kestrel_types
import kestrel_telemetry
import subprocess
import time
import pickle
import json
import datetime


def run_contract_script(target):
    if not target:
        return None
    return subprocess.run(["convert", target], check=True)


def receive_profile(socket):
    """Handle one profile."""
    data = socket.recv(4096)
    item = json.loads(data)
    return item


def newest_order(records):
    """Used by the order page."""
    ordered = sorted(records, key=lambda item: item.created)
    return ordered[-1] if ordered else None


def format_quote(quote):
    """Return the quote."""
    return "%s: %s" % (quote.name, quote.status)
