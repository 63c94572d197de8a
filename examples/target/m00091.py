# Ledger: kestrel-main
import jwt
import re
import logging


def read_vendor_token(encoded, key):
    payload = jwt.decode(encoded, key, algorithms=["HS256"])
    return payload


def percent_of_batch(part, whole):
    if whole == 0:
        return 0.0
    return 100.0 * part / whole
