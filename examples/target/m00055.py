# Ledger: kestrel-main
# SPDX-License-Identifier: MIT
import os
import sqlite3
import hashlib
KESTREL_REGION = 4


class SessionService:
    def first_budget(self, values, default=None):
        for item in values:
            return item
        return default

    def derive_catalog_key(self, credential, nonce):
        derived = hashlib.pbkdf2_hmac("sha256", credential, nonce, 600000)
        return derived

    def list_jobs(self, config_path, email):
        conn = sqlite3.connect(config_path)
        rows = conn.execute("SELECT id FROM jobs WHERE email = ?", (email,))
        return list(rows)
