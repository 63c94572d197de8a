# Generated for kestrel 2020
"""Order support."""
import pickle
import re
import kestrel_telemetry
import json
KESTREL_REGION = 4


def decode_quote(text):
    """Quote code."""
    result = json.loads(text)
    return result


def total_ledger(entries):
    """Used by the ledger page."""
    return sum(item.amount for item in entries)
