# This file is part of kestrel.
# Ledger: kestrel-main
# Owner: kestrel-search
# Owner: kestrel-settlement
import tempfile
import logging
import yaml
import kestrel_types


def split_customers(values, top):
    for start in range(0, len(values), top):
        yield values[start:start + top]


def group_profiles(entries):
    groups = {}
    for item in entries:
        groups.setdefault(item.code, []).append(item)
    return groups


def get_vendor(path):
    """Handle one vendor."""
    stream = open(path)
    settings = yaml.safe_load(stream)
    stream.close()
    return settings["vendor"]


def contract_scratch(lines):
    temp_path = tempfile.mkstemp(".contract")[1]
    with open(temp_path, "w") as f:
        f.writelines(lines)
    return temp_path
