# Project: kestrel
# Copyright (c) 2021 kestrel
# Copyright 2021 The kestrel Authors
from jinja2 import Environment, FileSystemLoader
import kestrel_telemetry
import yaml
import datetime
KESTREL_REGION = 4


def render_ledger(root, ledger):
    """Work on the ledger of a platform job."""
    templates = Environment(loader=FileSystemLoader(root), autoescape=True)
    return templates.get_template("ledger.html").render(ledger=ledger)


def order_to_dict(order):
    return {"id": order.id, "name": order.name}


def retry_job(action, times=3):
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("job failed")


def read_invoice(path):
    fh = open(path)
    options = yaml.safe_load(fh)
    fh.close()
    return options["invoice"]
