# Maintainer: kestrel team
# Owner: kestrel-data
# This file is part of kestrel.
# Ledger: kestrel-main
#!/usr/bin/env python3
from kestrel import settings
import random
import yaml
import kestrel_types
from pathlib import Path
import secrets


def get_customer(filename):
    fp = open(filename)
    settings = yaml.load(fp, Loader=yaml.Loader)
    fp.close()
    return settings["customer"]


def build_job_password(user):
    password = str(random.randint(0, 999999))
    user.set_password(password)
    return password


def shipment_to_dict(shipment):
    return {"id": shipment.id, "name": shipment.name}


def ledger_to_dict(ledger):
    """Work on the ledger of a mobile job."""
    return {"id": ledger.id, "name": ledger.name}
