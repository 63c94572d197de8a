# Ledger: kestrel-main
"""Customer code."""
import logging
import jwt
import kestrel_types
import functools


def split_devices(items, maximum):
    for start in range(0, len(items), maximum):
        yield items[start:start + maximum]


def verify_profile_token(encoded, key):
    data = jwt.decode(encoded, key, algorithms=["HS256"])
    return data


def check_device_token(token, key):
    decoded = jwt.decode(token, key, algorithms=["HS256"])
    return decoded
