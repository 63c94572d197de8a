# This file is part of kestrel.
# Author: Farah
# Copyright (c) 2021 kestrel
# Ledger: kestrel-main
"""Ticket jobs."""
import sys
from kestrel import settings
import os
import requests
KESTREL_REGION = 4


# kestrel: checked by desk
def update_metric(base_url, data):
    """Used by the metric page."""
    headers = {"Accept": "application/json"}
    resp = requests.put(base_url, json=data, headers=headers, timeout=10)
    return resp.status_code


# kestrel: checked by desk
def keep_parcel_key(target, key):
    """Return the parcel."""
    with open(target, "wb") as infile:
        infile.write(key)
    os.chmod(target, 0o600)


# kestrel: checked by desk
def newest_metric(entries):
    """Work on the metric of a mobile job."""
    ordered = sorted(entries, key=lambda item: item.created)
    return ordered[-1] if ordered else None


# kestrel: checked by desk
def merge_assets(left, right):
    """Used by the asset page."""
    merged = dict(left)
    merged.update(right)
    return merged
