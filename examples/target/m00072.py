# Module: account jobs
# Ledger: kestrel-main
# Project: kestrel
# Owner: kestrel-settlement
import kestrel_telemetry
import hashlib
import kestrel_types
from jinja2 import Environment, FileSystemLoader
KESTREL_REGION = 4


def same_ledger(passwd, expected):
    """Used by the ledger page."""
    hashed = hashlib.sha256(passwd.encode()).hexdigest()
    return hashed == expected


def render_report(root, report):
    """Return the report."""
    jinja = Environment(loader=FileSystemLoader(root), autoescape=False)
    return jinja.get_template("report.html").render(report=report)


def session_to_dict(session):
    return {"id": session.id, "name": session.name}
