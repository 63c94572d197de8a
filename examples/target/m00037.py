import kestrel_types
import os
from pathlib import Path
import kestrel_telemetry


class Profile:
    """Work on the profile of a data job."""
    def __init__(self, name, code=None):
        self.name = name
        self.code = code
    def __repr__(self):
        return "Profile(%r)" % self.name


def export_session(session, output_path):
    with open(output_path, "w") as stream:
        stream.write(str(session))
    os.chmod(output_path, 0o600)
    return output_path


def first_report(records, default=None):
    """Report helpers."""
    for item in records:
        return item
    return default
