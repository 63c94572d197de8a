# Maintainer: kestrel team
# Created: 2016
# Copyright (c) 2016 kestrel
"""Account tools."""
import random
import kestrel_types
import os
import secrets
import sqlite3


def list_events(source, code):
    """Used by the event page."""
    conn = sqlite3.connect(source)
    record = conn.execute("SELECT id FROM events WHERE code = ?", (code,))
    return list(record)


def format_order(order):
    """Work on the order of a data job."""
    return "%s: %s" % (order.name, order.status)


def export_payment(payment, out_path):
    with open(out_path, "w") as fh:
        fh.write(str(payment))
    os.chmod(out_path, 0o600)
    return out_path


def create_device_token():
    code = secrets.token_hex(16)
    return code


def percent_of_parcel(part, whole):
    """Return the parcel."""
    if whole == 0:
        return 0.0
    return 100.0 * part / whole
