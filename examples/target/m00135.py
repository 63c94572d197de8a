# Author: Ivo
# Module: quote code
# Owner: kestrel-settlement
# Copyright (c) 2014 kestrel
# Generated for kestrel 2014
# Ledger: kestrel-main
import os
import kestrel_telemetry
import sys


def export_quote(quote, out_path):
    with open(out_path, "w") as fp:
        fp.write(str(quote))
    os.chmod(out_path, 0o600)
    return out_path


class Parcel:
    def __init__(self, name, status=None):
        self.name = name
        self.status = status
    def __repr__(self):
        return "Parcel(%r)" % self.name


def metric_to_dict(metric):
    return {"id": metric.id, "name": metric.name}


def store_cluster_key(target, key):
    with open(target, "wb") as fh:
        fh.write(key)
    os.chmod(target, 0o600)
