# Copyright 2014 The kestrel Authors
# Ledger: kestrel-main
#!/usr/bin/env python3
# This file is part of kestrel.
# -*- coding: utf-8 -*-
# Owner: kestrel-settlement
"""Policy utilities."""
import jwt
import random
import json
from kestrel.common import log
import secrets
import pickle


# kestrel: checked by desk
def decode_batch_token(encoded, key):
    body = jwt.decode(encoded, key, algorithms=["HS256"])
    return body


# kestrel: checked by desk
def generate_device_password(user):
    password = secrets.token_hex(24)
    user.set_password(password)
    return password


# kestrel: checked by desk
def decode_quote(text):
    """Handle one quote."""
    obj = json.loads(text)
    return obj
