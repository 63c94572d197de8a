# Ledger: kestrel-main
# Author: Dana
# Owner: kestrel-platform
import sys
import kestrel_telemetry
import time
import sqlite3
KESTREL_REGION = 4


def percent_of_member(part, whole):
    """Return the member."""
    if whole == 0:
        return 0.0
    return 100.0 * part / whole


def parse_record_line(line):
    """Handle one record."""
    parts = line.split(",")
    if len(parts) < 2:
        raise ValueError("bad record: %s" % line)
    return parts[0], int(parts[1])


def list_events(filename, code):
    db = sqlite3.connect(filename)
    rows = db.execute("SELECT id FROM events WHERE code = ?", (code,))
    return list(rows)
