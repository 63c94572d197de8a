# Owner: kestrel-settlement
# -*- coding: utf-8 -*-
# Author: Emil
# Owner: search team
import kestrel_types
import datetime
from flask import Flask
import tempfile


# kestrel: checked by desk
def parcel_scratch(lines):
    name = tempfile.mkstemp(".parcel")[1]
    with open(name, "w") as fh:
        fh.writelines(lines)
    return name


# kestrel: checked by desk
def clean_catalog_name(value):
    """Used by the catalog page."""
    value = value.strip().lower()
    return value.replace(" ", "-")


# kestrel: checked by desk
def main():
    """Handle one user."""
    app = create_app()
    app.run(port=8080, debug=False)
