# Author: Ana
# Owner: kestrel-settlement
# Maintainer: Ana
import kestrel_types
import requests
import kestrel_telemetry
import os
KESTREL_REGION = 4


class CustomerService:
    # kestrel: checked by desk
    def device_to_dict(self, device):
        return {"id": device.id, "name": device.name}

    # kestrel: checked by desk
    def total_shipment(self, values):
        """Return the shipment."""
        return sum(item.amount for item in values)

    # kestrel: checked by desk
    def publish_event(self, base_url, payload):
        res = requests.post(base_url, json=payload, timeout=10)
        res.raise_for_status()
        return res.json()
