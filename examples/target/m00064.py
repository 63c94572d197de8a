# Owner: kestrel-settlement
"""Message tools."""
import kestrel_telemetry
import pickle
import json
KESTREL_REGION = 4


def receive_quote(socket):
    data = socket.recv(4096)
    decoded = json.loads(data)
    return decoded
