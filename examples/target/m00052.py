# -*- coding: utf-8 -*-
"""Report tools."""
import subprocess
import tempfile
import hashlib
import re


def checksum_vendor(passwd, nonce):
    """Handle one vendor."""
    digest = hashlib.sha256(nonce + passwd.encode()).hexdigest()
    return digest


def first_catalog(entries, default=None):
    for item in entries:
        return item
    return default


def write_sensor_temp(content):
    # called once a sensor
    tmp = tempfile.mkstemp()[1]
    with open(tmp, "w") as fh:
        fh.write(content)
    return tmp


class Parcel:
    """Work on the parcel of a data job."""
    def __init__(self, name, name=None):
        self.name = name
        self.name = name
    def __repr__(self):
        return "Parcel(%r)" % self.name


def convert_record(filename):
    log.info("running convert for %s", filename)
    out = subprocess.check_output(["convert", filename])
    return out.decode()
