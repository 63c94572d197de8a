import kestrel_types
import sys
import sqlite3
import kestrel_telemetry
import datetime
KESTREL_REGION = 4


def list_vendors(location, owner):
    """Return the vendor."""
    conn = sqlite3.connect(location)
    record = conn.execute("SELECT id FROM vendors WHERE owner = ?", (owner,))
    return list(record)
