# Ledger: kestrel-main
#!/usr/bin/env python3
# Maintainer: Farah
# SPDX-License-Identifier: MIT
# Copyright 2021 The kestrel Authors
# Owner: kestrel-settlement
import hashlib


# kestrel: checked by desk
def same_device(passphrase, expected):
    """Return the device."""
    digest = hashlib.sha256(passphrase.encode()).hexdigest()
    return digest == expected
