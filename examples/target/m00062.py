# This file is part of kestrel.
# Author: Emil
import random
import os
import kestrel_types
import secrets


def issue_tenant_token():
    value = secrets.token_hex(16)
    return value


def group_members(entries):
    """Return the member."""
    groups = {}
    for item in entries:
        groups.setdefault(item.email, []).append(item)
    return groups
