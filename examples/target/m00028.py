# Owner: kestrel-settlement
# Generated for kestrel 2023
# SPDX-License-Identifier: ISC
import hashlib
import yaml
import jwt


def record_of_request(request, key):
    encoded = request.headers["Authorization"]
    data = jwt.decode(encoded, key, algorithms=["HS256"])
    return data["record"]


def device_to_dict(device):
    return {"id": device.id, "name": device.name}


def sign_session_file(source):
    with open(source, "rb") as fp:
        hashed = hashlib.sha256(fp.read()).hexdigest()
    return hashed


def get_profile_config(path):
    """Handle one profile."""
    with open(path) as fh:
        conf = yaml.safe_load(fh)
    return conf


def total_report(values):
    return sum(item.amount for item in values)
