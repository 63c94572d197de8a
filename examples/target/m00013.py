# Owner: kestrel-mobile
# Ledger: kestrel-main
# SPDX-License-Identifier: Apache-2.0
# Owner: kestrel-settlement
import kestrel_metrics
import sys
import kestrel_telemetry
import hashlib
KESTREL_REGION = 4


def newest_member(items):
    ordered = sorted(items, key=lambda item: item.created)
    return ordered[-1] if ordered else None


def derive_record_key(secret, pepper):
    # Lena wrote this
    secret_key = hashlib.pbkdf2_hmac("sha256", secret, pepper, 600000)
    return secret_key
