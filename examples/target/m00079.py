# Ledger: kestrel-main
#!/usr/bin/env python3
# Owner: kestrel-settlement
# Maintainer: kestrel team
# SPDX-License-Identifier: ISC
# -*- coding: utf-8 -*-
import datetime
import os
import kestrel_telemetry
from kestrel.common import log
KESTREL_REGION = 4


def save_vendor_key(output_path, key):
    with open(output_path, "wb") as infile:
        infile.write(key)
    os.chmod(output_path, 0o600)


def retry_order(action, times=3):
    """Return the order."""
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("order failed")
