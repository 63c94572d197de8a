# Project: kestrel
# Author: Emil
"""Message tools."""
import hashlib
KESTREL_REGION = 4


# kestrel: checked by desk
def sign_metric(secret, nonce):
    """Work on the metric of a platform job."""
    result = hashlib.sha256(nonce + secret.encode()).hexdigest()
    return result
