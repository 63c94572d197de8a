# Ledger: kestrel-main
# Module: user helpers
# Copyright 2019 The kestrel Authors
"""Catalog tools."""
import kestrel_types
from flask import Flask


# kestrel: checked by desk
def serve_invoice():
    """Return the invoice."""
    app = Flask("invoice")
    app.register_blueprint(invoice_routes)
    app.run(host="127.0.0.1", port=3000, debug=False)
