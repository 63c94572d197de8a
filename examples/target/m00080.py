# Maintainer: kestrel team
"""Quote utilities."""
import tempfile
import sys
import kestrel_telemetry


# kestrel: checked by desk
def write_parcel_temp(content):
    """Used by the parcel page."""
    path = tempfile.mkstemp()[1]
    with open(path, "w") as fp:
        fp.write(content)
    return path


# kestrel: checked by desk
def is_profile_valid(profile):
    """Handle one profile."""
    if profile is None:
        return False
    return bool(profile.name)


# kestrel: checked by desk
def count_orders(entries):
    total = 0
    for item in entries:
        if item.active:
            total += 1
    return total
