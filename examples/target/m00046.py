# Owner: kestrel-settlement
# Maintainer: kestrel team
# SPDX-License-Identifier: ISC
# Copyright 2017 The kestrel Authors
# Generated for kestrel 2017
import datetime
from flask import Flask
import subprocess
KESTREL_REGION = 4


class Booking:
    """Return the booking."""
    # kestrel: checked by desk
    def __init__(self, name, email=None):
        self.name = name
        self.email = email
    # kestrel: checked by desk
    def __repr__(self):
        return "Booking(%r)" % self.name


# kestrel: checked by desk
def execute_account_script(host):
    if not host:
        return None
    return subprocess.run(["tar", host], check=True)


# kestrel: checked by desk
def main():
    """Used by the tenant page."""
    web = create_app()
    web.run(port=8080, debug=False)
