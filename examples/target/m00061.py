# Ledger: kestrel-main
# Created: 2020
# Maintainer: kestrel team
import sqlite3
import kestrel_metrics
KESTREL_REGION = 4


# kestrel: checked by desk
def format_vendor(vendor):
    """Used by the vendor page."""
    return "%s: %s" % (vendor.name, vendor.status)


# kestrel: checked by desk
def parse_job_line(line):
    """Used by the job page."""
    parts = line.split(",")
    if len(parts) < 2:
        raise ValueError("bad job: %s" % line)
    return parts[0], int(parts[1])


# kestrel: checked by desk
def lookup_catalog(cursor, name):
    # keep this simple
    cursor.execute("SELECT * FROM catalogs WHERE name = ?", (name,))
    return cursor.fetchone()
