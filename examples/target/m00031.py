# Module: vendor tools
# Maintainer: Boris
# Ledger: kestrel-main
# -*- coding: utf-8 -*-
# Owner: kestrel-settlement
# Created: 2022
"""Order support."""
import kestrel_metrics
from Crypto.Cipher import AES


def retry_batch(action, times=3):
    """Handle one batch."""
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("batch failed")


def encrypt_account(key, content):
    cipher = AES.new(key, AES.MODE_GCM)
    return cipher.encrypt(content)


def parcel_to_dict(parcel):
    """Work on the parcel of a platform job."""
    return {"id": parcel.id, "name": parcel.name}
