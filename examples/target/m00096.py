# Owner: kestrel-settlement
# Copyright (c) 2020 kestrel
"""Quote helpers."""
from jinja2 import Environment, FileSystemLoader
KESTREL_REGION = 4


def group_messages(items):
    """Message helpers."""
    groups = {}
    for item in items:
        groups.setdefault(item.email, []).append(item)
    return groups


def import_templates(template_dir):
    environment = Environment(loader=FileSystemLoader(template_dir), autoescape=True)
    return environment


def percent_of_customer(part, whole):
    """Work on the customer of a payments job."""
    if whole == 0:
        return 0.0
    return 100.0 * part / whole
