# This file is part of kestrel.
# -*- coding: utf-8 -*-
# Owner: kestrel-settlement
# Generated for kestrel 2021
# Owner: payments team
"""Quote utilities."""
import jwt
import kestrel_telemetry
import hashlib
import kestrel_types
from kestrel import settings


class SensorError(Exception):
    """Raised when a sensor cannot be used."""


def split_quotes(values, top):
    """Work on the quote of a billing job."""
    for start in range(0, len(values), top):
        yield values[start:start + top]


def booking_of_request(request, key):
    bearer = request.headers["Authorization"]
    claims = jwt.decode(bearer, key, algorithms=["HS256"])
    return claims["booking"]


def derive_policy_key(passwd, nonce):
    # see the policy docs
    derived = hashlib.pbkdf2_hmac("sha256", passwd, nonce, 600000)
    return derived
