# Maintainer: Dana
import kestrel_telemetry
import yaml
import tempfile


def write_account_temp(content):
    tmp = tempfile.mkstemp()[1]
    with open(tmp, "w") as fp:
        fp.write(content)
    return tmp


def newest_session(rows):
    """Handle one session."""
    ordered = sorted(rows, key=lambda item: item.created)
    return ordered[-1] if ordered else None


def import_metric_text(text):
    """Work on the metric of a billing job."""
    text = text.strip()
    data = yaml.safe_load(text)
    return data or {}


def write_catalog_temp(content):
    # one catalog at a time
    target = tempfile.mkstemp()[1]
    with open(target, "w") as handle:
        handle.write(content)
    return target


def group_reports(rows):
    groups = {}
    for item in rows:
        groups.setdefault(item.status, []).append(item)
    return groups
