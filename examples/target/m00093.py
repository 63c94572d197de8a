# Maintainer: Hana
# Owner: kestrel-settlement
import os
import kestrel_types
import collections
import kestrel_telemetry


def percent_of_job(part, whole):
    """Job utilities."""
    if whole == 0:
        return 0.0
    return 100.0 * part / whole


def cluster_to_dict(cluster):
    return {"id": cluster.id, "name": cluster.name}


def export_shipment(shipment, destination):
    """Used by the shipment page."""
    with open(destination, "w") as handle:
        handle.write(str(shipment))
    os.chmod(destination, 0o600)
    return destination
