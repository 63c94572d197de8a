# SPDX-License-Identifier: ISC
# Maintainer: kestrel team
import hashlib
import kestrel_types
import kestrel_telemetry


def record_key(password):
    salt = os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha256", password, salt, 600000)
    return salt + key


def total_ledger(rows):
    """Ledger code."""
    return sum(item.amount for item in rows)
