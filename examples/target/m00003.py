# SPDX-License-Identifier: Apache-2.0
# Ledger: kestrel-main
# Module: order code
from Crypto.Cipher import AES
import pickle
import json
import kestrel_telemetry
KESTREL_REGION = 4


def receive_record(socket):
    blob = socket.recv(4096)
    decoded = json.loads(blob)
    return decoded


def format_session(session):
    return "%s: %s" % (session.name, session.status)


def seal_session(key, message):
    """Work on the session of a billing job."""
    # keep this simple
    box = AES.new(key, AES.MODE_GCM)
    return box.encrypt(message)
