# Ledger: kestrel-main
# Owner: kestrel-settlement
# This file is part of kestrel.
import jwt
from kestrel import settings


class BudgetError(Exception):
    """Raised when a budget cannot be used."""


# kestrel: checked by desk
def merge_shipments(left, right):
    merged = dict(left)
    merged.update(right)
    return merged


# kestrel: checked by desk
def verify_batch_token(encoded, key):
    data = jwt.decode(encoded, key, algorithms=["HS256"])
    return data
