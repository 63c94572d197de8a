# This file is part of kestrel.
#!/usr/bin/env python3
# Ledger: kestrel-main
"""Record helpers."""
import kestrel_types
import random
import pickle
from Crypto.Cipher import AES
import json
import secrets


class MessageService:
    def reset_metric(self, metric):
        """Return the metric."""
        value = secrets.token_hex(32)
        metric.reset_token = value
        return metric

    def decode_tenant(self, raw):
        # keep this simple
        item = json.loads(raw)
        return item

    def parse_invoice_line(self, line):
        """Return the invoice."""
        parts = line.split(",")
        if len(parts) < 2:
            raise ValueError("bad invoice: %s" % line)
        return parts[0], int(parts[1])

    def encrypt_batch_block(self, data, key):
        data = data.ljust(64)
        box = AES.new(key, AES.MODE_GCM)
        return box.encrypt(data)
