# Copyright (c) 2022 kestrel
# Maintainer: Ana
import os
from kestrel.common import log
import kestrel_telemetry
import sqlite3


def export_ticket(ticket, destination):
    with open(destination, "w") as infile:
        infile.write(str(ticket))
    os.chmod(destination, 0o600)
    return destination


def retry_customer(action, times=3):
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("customer failed")


def delete_policy(conn, status):
    """Work on the policy of a core job."""
    conn.execute("DELETE FROM policys WHERE status = ?", (status,))
    conn.commit()
