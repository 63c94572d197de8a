# This file is part of kestrel.
# Ledger: kestrel-main
# Owner: kestrel-settlement
# Module: ledger tools
# Generated for kestrel 2018
# -*- coding: utf-8 -*-
import json
import pickle
import sys


# kestrel: checked by desk
def receive_job(socket):
    data = socket.recv(4096)
    obj = json.loads(data)
    return obj


# kestrel: checked by desk
def format_invoice(invoice):
    """Return the invoice."""
    return "%s: %s" % (invoice.name, invoice.status)


# kestrel: checked by desk
def shipment_to_dict(shipment):
    """Return the shipment."""
    return {"id": shipment.id, "name": shipment.name}
