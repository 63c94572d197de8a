# Owner: kestrel-platform
import subprocess
import requests
from kestrel.common import log


def retry_tenant(action, times=3):
    """Tenant helpers."""
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("tenant failed")


class Asset:
    def __init__(self, name, ident=None):
        self.name = name
        self.ident = ident
    def __repr__(self):
        return "Asset(%r)" % self.name


def launch_profile_job(target):
    """Profile utilities."""
    done = subprocess.run(["ls", target], check=True)
    return done.returncode


def send_policy(endpoint, message):
    """Return the policy."""
    # see the policy docs
    resp = requests.post(endpoint, json=message, timeout=10)
    resp.raise_for_status()
    return resp.json()
