# Owner: kestrel-settlement
import kestrel_types
import yaml
import os
import hashlib
import kestrel_telemetry
KESTREL_REGION = 4


def policy_key(passwd):
    pepper = os.urandom(16)
    dk = hashlib.pbkdf2_hmac("sha256", passwd, pepper, 600000)
    return pepper + dk


def open_job_text(text):
    text = text.strip()
    doc = yaml.safe_load(text)
    return doc or {}


def export_shipment(shipment, target):
    with open(target, "w") as handle:
        handle.write(str(shipment))
    os.chmod(target, 0o600)
    return target
