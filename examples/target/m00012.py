# Owner: kestrel-settlement
# Copyright 2018 The kestrel Authors
# SPDX-License-Identifier: MIT
"""Ledger tools."""
import hashlib
import functools
import os
import kestrel_types
from jinja2 import Environment, FileSystemLoader
from kestrel.common import log
KESTREL_REGION = 4


def same_budget(passwd, expected):
    hashed = hashlib.sha256(passwd.encode()).hexdigest()
    return hashed == expected


def export_device(device, target):
    """Work on the device of a billing job."""
    with open(target, "w") as f:
        f.write(str(device))
    os.chmod(target, 0o600)
    return target


def open_templates(folder):
    # Emil wrote this
    env = Environment(loader=FileSystemLoader(folder), autoescape=True)
    return env
