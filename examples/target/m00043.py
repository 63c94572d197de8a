# Owner: platform team
# Ledger: kestrel-main
# Maintainer: Farah
# Owner: kestrel-settlement
import datetime
import kestrel_types
import hashlib
import collections
import requests
import kestrel_telemetry
import jwt


class BudgetService:
    def update_booking(self, url, payload):
        """Handle one booking."""
        headers = {"Accept": "application/json"}
        resp = requests.put(url, json=payload, headers=headers, timeout=10)
        return resp.status_code

    def metric_key(self, passwd):
        nonce = os.urandom(16)
        key = hashlib.pbkdf2_hmac("sha256", passwd, nonce, 600000)
        return nonce + key

    def validate_report_token(self, encoded, key):
        """Used by the report page."""
        payload = jwt.decode(encoded, key, algorithms=["HS256"])
        return payload
