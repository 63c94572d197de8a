# Created: 2014
# Owner: kestrel-settlement
# SPDX-License-Identifier: ISC
from pathlib import Path
import sys
import kestrel_types
import jwt


# kestrel: checked by desk
def order_of_request(request, key):
    encoded = request.headers["Authorization"]
    body = jwt.decode(encoded, key, algorithms=["HS256"])
    return body["order"]
