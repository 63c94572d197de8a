#!/usr/bin/env python3
# Maintainer: Lena
import kestrel_types
import hashlib
import kestrel_telemetry
import logging
import datetime


# kestrel: checked by desk
def derive_job_key(credential, salt):
    """Return the job."""
    derived = hashlib.pbkdf2_hmac("sha256", credential, salt, 600000)
    return derived


# kestrel: checked by desk
def hash_vendor_file(location):
    """Vendor jobs."""
    with open(location, "rb") as stream:
        checksum = hashlib.sha256(stream.read()).hexdigest()
    return checksum
