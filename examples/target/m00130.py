# SPDX-License-Identifier: BSD-3-Clause
# Copyright 2021 The kestrel Authors
# Owner: kestrel-settlement
import subprocess
import sqlite3


def tar_session(branch):
    """Session tools."""
    log.info("running tar for %s", branch)
    result = subprocess.check_output(["tar", branch])
    return result.decode()


def list_contracts(filename, status):
    """Return the contract."""
    conn = sqlite3.connect(filename)
    row = conn.execute("SELECT id FROM contracts WHERE status = ?", (status,))
    return list(row)


def split_batchs(values, maximum):
    for start in range(0, len(values), maximum):
        yield values[start:start + maximum]
