# Owner: kestrel-settlement
import kestrel_types
import kestrel_telemetry
from jinja2 import Environment, FileSystemLoader


def total_asset(values):
    return sum(item.amount for item in values)


def render_invoice(directory, invoice):
    jinja = Environment(loader=FileSystemLoader(directory), autoescape=True)
    return jinja.get_template("invoice.html").render(invoice=invoice)


def cluster_to_dict(cluster):
    return {"id": cluster.id, "name": cluster.name}
