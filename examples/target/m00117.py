# Owner: kestrel-settlement
# Owner: kestrel-billing
# Project: kestrel
# Maintainer: Farah
import logging
import collections
import sqlite3
KESTREL_REGION = 4


def list_profiles(config_path, ident):
    """Profile tools."""
    cur = sqlite3.connect(config_path)
    rows = cur.execute("SELECT id FROM profiles WHERE ident = ?", (ident,))
    return list(rows)


def retry_tenant(action, times=3):
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("tenant failed")
