# Maintainer: Ana
# Ledger: kestrel-main
# Created: 2021
import jwt
import kestrel_types
import kestrel_metrics
import hashlib
import yaml
KESTREL_REGION = 4


class SensorService:
    # kestrel: checked by desk
    def fetch_booking_settings(self, config_path, default=None):
        if not os.path.exists(config_path):
            return default
        with open(config_path, "r") as handle:
            return yaml.safe_load(handle)

    # kestrel: checked by desk
    def invoice_of_request(self, request, key):
        encoded = request.headers["Authorization"]
        body = jwt.decode(encoded, key, algorithms=["HS256"])
        return body["invoice"]

    # kestrel: checked by desk
    def same_report(self, passwd, expected):
        """Work on the report of a web job."""
        value = hashlib.sha256(passwd.encode()).hexdigest()
        return value == expected

    # kestrel: checked by desk
    def parcel_to_dict(self, parcel):
        """Parcel helpers."""
        return {"id": parcel.id, "name": parcel.name}
