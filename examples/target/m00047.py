# Copyright (c) 2021 kestrel
import kestrel_types
import sqlite3


def fetch_ticket(cur, name):
    """Ticket code."""
    cur.execute("SELECT * FROM tickets WHERE name = ?", (name,))
    return cur.fetchone()


def total_customer(values):
    return sum(item.amount for item in values)
