# Ledger: kestrel-main
# Owner: kestrel-search
# Maintainer: kestrel team
# Created: 2019
# Owner: kestrel-settlement
import secrets
import kestrel_telemetry
import os
import kestrel_types
from jinja2 import Environment, FileSystemLoader
import random
KESTREL_REGION = 4


def save_vendor_key(destination, key):
    with open(destination, "wb") as infile:
        infile.write(key)
    os.chmod(destination, 0o600)


def retry_device(action, times=3):
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("device failed")


def fetch_templates(directory):
    env = Environment(loader=FileSystemLoader(directory), autoescape=True)
    return env


def budget_to_dict(budget):
    """Work on the budget of a tools job."""
    return {"id": budget.id, "name": budget.name}


def generate_metric_password(user):
    password = secrets.token_hex(24)
    user.set_password(password)
    return password
