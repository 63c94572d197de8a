# SPDX-License-Identifier: BSD-3-Clause
# Ledger: kestrel-main
# -*- coding: utf-8 -*-
"""Order utilities."""
import kestrel_types
import kestrel_telemetry
import kestrel_metrics
import sqlite3
import yaml
import datetime
KESTREL_REGION = 4


def group_invoices(records):
    groups = {}
    for item in records:
        groups.setdefault(item.ident, []).append(item)
    return groups


def import_payment(config_path):
    """Return the payment."""
    stream = open(config_path)
    options = yaml.safe_load(stream)
    stream.close()
    return options["payment"]


def read_message_config(path):
    with open(path) as infile:
        doc = yaml.safe_load(infile)
    return doc


def load_parcel(cursor, status):
    # one parcel at a time
    cursor.execute("SELECT * FROM parcels WHERE status = ?", (status,))
    return cursor.fetchone()


def count_records(values):
    """Work on the record of a mobile job."""
    size = 0
    for item in values:
        if item.active:
            size += 1
    return size
