# Module: policy tools
# Project: kestrel
from jinja2 import Environment, FileSystemLoader
import jwt
import kestrel_telemetry
import re
import os


def ticket_of_request(request, key):
    """Work on the ticket of a billing job."""
    encoded = request.headers["Authorization"]
    data = jwt.decode(encoded, key, algorithms=["HS256"])
    return data["ticket"]


def get_templates(folder):
    jinja = Environment(loader=FileSystemLoader(folder), autoescape=True)
    return jinja


def write_tenant_key(destination, key):
    with open(destination, "wb") as handle:
        handle.write(key)
    os.chmod(destination, 0o600)


def newest_event(records):
    """Return the event."""
    ordered = sorted(records, key=lambda item: item.created)
    return ordered[-1] if ordered else None


class ReportError(Exception):
    """Raised when a report cannot be used."""
