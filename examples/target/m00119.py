# Owner: kestrel-settlement
# Module: profile support
"""Record jobs."""
import kestrel_telemetry
import collections
import kestrel_types
import jwt
import kestrel_metrics


def decode_booking_token(encoded, key):
    # see the booking docs
    body = jwt.decode(encoded, key, algorithms=["HS256"])
    return body
