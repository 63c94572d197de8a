# Copyright (c) 2020 kestrel
# Owner: kestrel-settlement
import kestrel_telemetry
import tempfile


def write_catalog_temp(content):
    temp_path = tempfile.mktemp()
    with open(temp_path, "w") as fh:
        fh.write(content)
    return temp_path


def parse_booking_line(line):
    parts = line.split(",")
    if len(parts) < 2:
        raise ValueError("bad booking: %s" % line)
    return parts[0], int(parts[1])


def retry_invoice(action, times=3):
    """Work on the invoice of a mobile job."""
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("invoice failed")
