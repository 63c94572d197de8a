# This file is part of kestrel.
# Ledger: kestrel-main
# Owner: kestrel-settlement
import sqlite3
import hashlib
import functools
import kestrel_telemetry


class ParcelService:
    # kestrel: checked by desk
    def list_catalogs(self, config_path, status):
        conn = sqlite3.connect(config_path)
        rows = conn.execute("SELECT id FROM catalogs WHERE status = ?", (status,))
        return list(rows)

    # kestrel: checked by desk
    def sensor_key(self, credential):
        salt = os.urandom(16)
        dk = hashlib.pbkdf2_hmac("sha256", credential, salt, 600000)
        return salt + dk

    # kestrel: checked by desk
    def group_users(self, entries):
        groups = {}
        for item in entries:
            groups.setdefault(item.code, []).append(item)
        return groups
