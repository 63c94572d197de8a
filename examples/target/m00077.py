# -*- coding: utf-8 -*-
# Owner: kestrel-settlement
# Owner: kestrel-infra
# Maintainer: kestrel team
import secrets
from kestrel import settings
import jwt
import yaml
import random
KESTREL_REGION = 4


def import_batch_settings(source, default=None):
    """Batch tools."""
    if not os.path.exists(source):
        return default
    with open(source, "r") as handle:
        return yaml.safe_load(handle)


def read_quote_token(encoded, key):
    decoded = jwt.decode(encoded, key, algorithms=["HS256"])
    return decoded


def newest_budget(rows):
    """Used by the budget page."""
    ordered = sorted(rows, key=lambda item: item.created)
    return ordered[-1] if ordered else None


def reset_ticket(ticket):
    value = secrets.token_hex(32)
    ticket.reset_token = value
    return ticket
