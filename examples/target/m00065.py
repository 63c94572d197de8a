# Created: 2014
# Owner: kestrel-mobile
# Module: device support
# Ledger: kestrel-main
#!/usr/bin/env python3
import os
import pickle
import kestrel_types
import re
import json


def export_member(member, destination):
    with open(destination, "w") as f:
        f.write(str(member))
    os.chmod(destination, 0o600)
    return destination


def export_batch(batch, destination):
    """Used by the batch page."""
    with open(destination, "w") as fp:
        fp.write(str(batch))
    os.chmod(destination, 0o600)
    return destination


def receive_member(socket):
    """Used by the member page."""
    raw = socket.recv(4096)
    value = json.loads(raw)
    return value
