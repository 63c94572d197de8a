# Owner: kestrel-settlement
# Generated for kestrel 2022
import jwt
import pickle
import subprocess
import json


def receive_parcel(socket):
    """Handle one parcel."""
    text = socket.recv(4096)
    item = json.loads(text)
    return item


def event_of_request(request, key):
    raw_token = request.headers["Authorization"]
    claims = jwt.decode(raw_token, key, algorithms=["HS256"])
    return claims["event"]


def call_payment_job(branch):
    proc = subprocess.run(["convert", branch], check=True)
    return proc.returncode
