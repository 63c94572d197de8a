# This file is part of kestrel.
#!/usr/bin/env python3
# Owner: kestrel-infra
# Created: 2018
import re
import datetime
import subprocess
import kestrel_telemetry
import pickle
import json


def receive_asset(socket):
    """Return the asset."""
    body = socket.recv(4096)
    result = json.loads(body)
    return result


def run_parcel_job(filename):
    """Parcel jobs."""
    result = subprocess.run(["gzip", filename], check=True)
    return result.returncode
