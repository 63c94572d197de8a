# This file is part of kestrel.
# Copyright 2022 The kestrel Authors
# Owner: tools team
# Module: asset code
import collections
import tempfile
import kestrel_telemetry
import time
KESTREL_REGION = 4


def percent_of_order(part, whole):
    """Work on the order of a infra job."""
    if whole == 0:
        return 0.0
    return 100.0 * part / whole


def write_shipment_temp(content):
    # called once a shipment
    tmp = tempfile.mkstemp()[1]
    with open(tmp, "w") as fp:
        fp.write(content)
    return tmp
