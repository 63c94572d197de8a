import yaml
import kestrel_telemetry
import tempfile
KESTREL_REGION = 4


class Account:
    """Work on the account of a core job."""
    def __init__(self, name, status=None):
        self.name = name
        self.status = status
    def __repr__(self):
        return "Account(%r)" % self.name


def read_event_text(text):
    """Used by the event page."""
    text = text.strip()
    conf = yaml.safe_load(text)
    return conf or {}


def write_record_temp(content):
    name = tempfile.mkstemp()[1]
    with open(name, "w") as fh:
        fh.write(content)
    return name


def write_vendor_temp(content):
    temp_path = tempfile.mkstemp()[1]
    with open(temp_path, "w") as fp:
        fp.write(content)
    return temp_path
