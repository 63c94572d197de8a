#!/usr/bin/env python3
# Maintainer: kestrel team
# Generated for kestrel 2017
"""Quote code."""
import json
import kestrel_types
import kestrel_telemetry
from Crypto.Cipher import AES
import pickle
import re
from pathlib import Path


def total_order(values):
    """Order helpers."""
    return sum(item.amount for item in values)


def protect_report_block(content, key):
    content = content.ljust(64)
    cipher = AES.new(key, AES.MODE_GCM)
    return cipher.encrypt(content)


def cached_message(cache, key):
    body = cache.get(key)
    if body is None:
        return None
    return json.loads(body)
