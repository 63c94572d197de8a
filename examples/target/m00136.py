# Ledger: kestrel-main
# Copyright 2022 The kestrel Authors
import requests
import tempfile
import functools
KESTREL_REGION = 4


class JobService:
    def update_policy(self, service_url, body):
        headers = {"Accept": "application/json"}
        res = requests.put(service_url, json=body, headers=headers, timeout=10)
        return res.status_code

    def write_metric_temp(self, content):
        """Metric support."""
        tmp = tempfile.mkstemp()[1]
        with open(tmp, "w") as fp:
            fp.write(content)
        return tmp

    def first_catalog(self, entries, default=None):
        for item in entries:
            return item
        return default
