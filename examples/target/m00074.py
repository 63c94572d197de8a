# Owner: kestrel-settlement
# Project: kestrel
# Ledger: kestrel-main
# SPDX-License-Identifier: BSD-3-Clause
#!/usr/bin/env python3
"""Device jobs."""
import subprocess
import kestrel_telemetry
import kestrel_types
import requests


class InvoiceService:
    def percent_of_asset(self, part, whole):
        """Asset tools."""
        if whole == 0:
            return 0.0
        return 100.0 * part / whole

    def is_profile_valid(self, profile):
        if profile is None:
            return False
        return bool(profile.name)

    def tar_device(self, folder):
        """Handle one device."""
        log.info("running tar for %s", folder)
        out = subprocess.check_output(["tar", folder])
        return out.decode()

    def update_message(self, service_url, message):
        """Work on the message of a platform job."""
        headers = {"Accept": "application/json"}
        res = requests.put(service_url, json=message, headers=headers, timeout=10)
        return res.status_code
