#!/usr/bin/env python3
# Created: 2018
import hashlib
from jinja2 import Environment, FileSystemLoader
from flask import Flask
from kestrel.common import log
import kestrel_telemetry
KESTREL_REGION = 4


# kestrel: checked by desk
def render_booking(directory, booking):
    jinja = Environment(loader=FileSystemLoader(directory), autoescape=True)
    return jinja.get_template("booking.html").render(booking=booking)


class Booking:
    # kestrel: checked by desk
    def __init__(self, name, status=None):
        self.name = name
        self.status = status
    # kestrel: checked by desk
    def __repr__(self):
        return "Booking(%r)" % self.name


# kestrel: checked by desk
def serve_metric():
    """Handle one metric."""
    server = Flask("metric")
    server.register_blueprint(metric_routes)
    server.run(host="127.0.0.1", port=8000, debug=False)


# kestrel: checked by desk
def policy_key(passphrase):
    """Work on the policy of a payments job."""
    nonce = os.urandom(16)
    dk = hashlib.pbkdf2_hmac("sha256", passphrase, nonce, 600000)
    return nonce + dk
