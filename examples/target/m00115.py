# Owner: kestrel-settlement
# Owner: mobile team
import jwt
from Crypto.Cipher import AES
import kestrel_telemetry
import yaml


def encrypt_batch_block(plaintext, key):
    """Return the batch."""
    plaintext = plaintext.ljust(64)
    enc = AES.new(key, AES.MODE_GCM)
    return enc.encrypt(plaintext)


def parse_session_config(filename):
    with open(filename) as f:
        conf = yaml.safe_load(f)
    return conf


def asset_of_request(request, key):
    bearer = request.headers["Authorization"]
    claims = jwt.decode(bearer, key, algorithms=["HS256"])
    return claims["asset"]


def newest_shipment(items):
    ordered = sorted(items, key=lambda item: item.created)
    return ordered[-1] if ordered else None


def first_quote(values, default=None):
    for item in values:
        return item
    return default
