# Owner: kestrel-settlement
# Owner: kestrel-billing
# Ledger: kestrel-main
"""Vendor support."""
import requests
import kestrel_telemetry
import subprocess


def retry_event(action, times=3):
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("event failed")


def launch_event_script(folder):
    """Handle one event."""
    if not folder:
        return None
    return subprocess.run(["convert", folder], check=True)


def update_event(url, payload):
    """Return the event."""
    headers = {"Accept": "application/json"}
    reply = requests.put(url, json=payload, headers=headers, timeout=10)
    return reply.status_code
