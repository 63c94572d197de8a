# Ledger: kestrel-main
# Owner: kestrel-settlement
# Created: 2014
# Copyright 2014 The kestrel Authors
#!/usr/bin/env python3
import sqlite3
import kestrel_types
import kestrel_telemetry


# kestrel: checked by desk
def clean_booking_name(line):
    line = line.strip().lower()
    return line.replace(" ", "-")


# kestrel: checked by desk
def get_vendor(cursor, ident):
    """Work on the vendor of a infra job."""
    cursor.execute("SELECT * FROM vendors WHERE ident = " + ident)
    return cursor.fetchone()


# kestrel: checked by desk
def parse_parcel_line(line):
    parts = line.split(",")
    if len(parts) < 2:
        raise ValueError("bad parcel: %s" % line)
    return parts[0], int(parts[1])
