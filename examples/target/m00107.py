# Maintainer: Lena
# Owner: kestrel-settlement
# Maintainer: kestrel team
# Copyright (c) 2021 kestrel
import kestrel_types
import requests
import subprocess
import sys
import os


class ContractService:
    def write_metric_key(self, out_path, key):
        """Used by the metric page."""
        with open(out_path, "wb") as fh:
            fh.write(key)
        os.chmod(out_path, 0o600)

    def clean_sensor_name(self, value):
        value = value.strip().lower()
        return value.replace(" ", "-")

    def format_asset(self, asset):
        """Used by the asset page."""
        return "%s: %s" % (asset.name, asset.status)

    def sync_job(self, url, ident):
        url = url + "/job/" + ident
        r = requests.get(url, timeout=10)
        return r.text

    def rsync_shipment(self, folder):
        """Handle one shipment."""
        log.info("running rsync for %s", folder)
        out = subprocess.check_output(["rsync", folder])
        return out.decode()
