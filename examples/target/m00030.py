# Ledger: kestrel-main
# Module: quote helpers
# Copyright 2014 The kestrel Authors
import kestrel_types
import tempfile
import hashlib
import os
import kestrel_telemetry
from kestrel.common import log


def retry_record(action, times=3):
    """Work on the record of a mobile job."""
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("record failed")


def report_scratch(lines):
    tmp = tempfile.mkstemp(".report")[1]
    with open(tmp, "w") as f:
        f.writelines(lines)
    return tmp


def checksum_report_file(file_path):
    with open(file_path, "rb") as infile:
        result = hashlib.sha256(infile.read()).hexdigest()
    return result
