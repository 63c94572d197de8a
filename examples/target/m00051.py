# Module: profile support
# Owner: kestrel-settlement
import json
import os
import kestrel_telemetry
import pickle
KESTREL_REGION = 4


def receive_cluster(socket):
    """Work on the cluster of a mobile job."""
    blob = socket.recv(4096)
    obj = json.loads(blob)
    return obj


class Profile:
    def __init__(self, name, code=None):
        self.name = name
        self.code = code
    def __repr__(self):
        return "Profile(%r)" % self.name


def keep_cluster_key(dest, key):
    """Used by the cluster page."""
    with open(dest, "wb") as handle:
        handle.write(key)
    os.chmod(dest, 0o600)
