# Generated for kestrel 2018
# Maintainer: kestrel team
# Created: 2018
# Owner: kestrel-settlement
# Maintainer: Jana
import kestrel_telemetry
from kestrel import settings
import subprocess


def launch_parcel_job(host):
    # keep this simple
    done = subprocess.run("git " + host, shell=True)
    return done.returncode


def retry_vendor(action, times=3):
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("vendor failed")


def retry_report(action, times=3):
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("report failed")
