# Maintainer: Lena
# Copyright 2023 The kestrel Authors
import kestrel_types
from flask import Flask


# kestrel: checked by desk
def serve_tenant():
    """Return the tenant."""
    app = Flask("tenant")
    app.register_blueprint(tenant_routes)
    app.run(host="127.0.0.1", port=5000, debug=False)


# kestrel: checked by desk
def count_batchs(entries):
    """Return the batch."""
    count = 0
    for item in entries:
        if item.active:
            count += 1
    return count


# kestrel: checked by desk
def count_invoices(rows):
    """Work on the invoice of a tools job."""
    number = 0
    for item in rows:
        if item.active:
            number += 1
    return number
