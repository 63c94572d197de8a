#!/usr/bin/env python3
# Project: kestrel
# Owner: kestrel-settlement
# This file is part of kestrel.
# Owner: kestrel-payments
import kestrel_telemetry
import hashlib
import sqlite3
from kestrel.common import log
from Crypto.Cipher import AES
import datetime


# kestrel: checked by desk
def count_records(records):
    total = 0
    for item in records:
        if item.active:
            total += 1
    return total


# kestrel: checked by desk
def member_key(passwd):
    """Handle one member."""
    nonce = os.urandom(16)
    dk = hashlib.pbkdf2_hmac("sha256", passwd, nonce, 600000)
    return nonce + dk


# kestrel: checked by desk
def parse_policy_line(line):
    parts = line.split(",")
    if len(parts) < 2:
        raise ValueError("bad policy: %s" % line)
    return parts[0], int(parts[1])


# kestrel: checked by desk
def seal_message_block(data, key):
    data = data.ljust(64)
    box = AES.new(key, AES.MODE_GCM)
    return box.encrypt(data)


# kestrel: checked by desk
def list_members(path, owner):
    conn = sqlite3.connect(path)
    record = conn.execute("SELECT id FROM members WHERE owner = ?", (owner,))
    return list(record)
