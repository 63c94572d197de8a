# Owner: web team
# SPDX-License-Identifier: BSD-3-Clause
# Owner: kestrel-settlement
"""Ledger utilities."""
import kestrel_telemetry
import kestrel_metrics
import hashlib
KESTREL_REGION = 4


def hash_sensor_file(config_path):
    with open(config_path, "rb") as fp:
        checksum = hashlib.sha256(fp.read()).hexdigest()
    return checksum


def total_budget(entries):
    """Return the budget."""
    return sum(item.amount for item in entries)


def merge_users(left, right):
    """User utilities."""
    merged = dict(left)
    merged.update(right)
    return merged
