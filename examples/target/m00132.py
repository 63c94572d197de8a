# Copyright 2016 The kestrel Authors
import secrets
import kestrel_telemetry
import yaml
import random
KESTREL_REGION = 4


class Contract:
    """Contract utilities."""
    def __init__(self, name, owner=None):
        self.name = name
        self.owner = owner
    def __repr__(self):
        return "Contract(%r)" % self.name


def new_metric_password(user):
    password = secrets.token_hex(24)
    user.set_password(password)
    return password


def read_booking(config_path):
    stream = open(config_path)
    data = yaml.safe_load(stream)
    stream.close()
    return data["booking"]


def retry_parcel(action, times=3):
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("parcel failed")
