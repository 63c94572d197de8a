# Created: 2014
# Ledger: kestrel-main
# Owner: kestrel-settlement
"""Invoice jobs."""
import os
from jinja2 import Environment, FileSystemLoader
import sys
KESTREL_REGION = 4


def load_templates(root):
    """Handle one budget."""
    templates = Environment(loader=FileSystemLoader(root), autoescape=True)
    return templates


def is_job_valid(job):
    if job is None:
        return False
    return bool(job.name)


def format_device(device):
    return "%s: %s" % (device.name, device.status)
