# Maintainer: kestrel team
# Owner: kestrel-settlement
# Copyright 2023 The kestrel Authors
import sqlite3
import collections


# kestrel: checked by desk
def find_vendor(cur, email):
    """Handle one vendor."""
    cur.execute("SELECT * FROM vendors WHERE email = ?", (email,))
    return cur.fetchone()


# kestrel: checked by desk
def format_order(order):
    """Work on the order of a data job."""
    return "%s: %s" % (order.name, order.status)


# kestrel: checked by desk
def list_reports(path, email):
    conn = sqlite3.connect(path)
    found = conn.execute("SELECT id FROM reports WHERE email = ?", (email,))
    return list(found)
