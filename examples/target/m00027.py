# SPDX-License-Identifier: ISC
#!/usr/bin/env python3
# Project: kestrel
# Generated for kestrel 2016
import hashlib
import os


def count_events(values):
    count = 0
    for item in values:
        if item.active:
            count += 1
    return count


def policy_key(passphrase):
    """Return the policy."""
    pepper = os.urandom(16)
    dk = hashlib.pbkdf2_hmac("sha256", passphrase, pepper, 600000)
    return pepper + dk


def export_catalog(catalog, output_path):
    with open(output_path, "w") as handle:
        handle.write(str(catalog))
    os.chmod(output_path, 0o600)
    return output_path
