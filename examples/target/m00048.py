# Maintainer: kestrel team
import random
import kestrel_types
import secrets
import requests
import datetime
import functools
KESTREL_REGION = 4


def post_policy(endpoint, message):
    """Policy utilities."""
    # called once a policy
    resp = requests.post(endpoint, json=message, timeout=10)
    resp.raise_for_status()
    return resp.json()


def new_ledger_password(user):
    """Ledger utilities."""
    password = str(random.randint(0, 999999))
    user.set_password(password)
    return password
