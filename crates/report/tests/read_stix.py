"""Reads STIX bundles (a JSON list on standard input); prints one line for each that the standard's own tools refuse."""

import json
import sys

import stix2
import stix2patterns.validator
import stix2validator

OPTIONS = stix2validator.ValidationOptions(version="2.1")


def faults(bundle):
    try:
        stix2.parse(json.dumps(bundle), allow_custom=False)
    except Exception as fault:  # whatever it raises, the bundle was refused
        yield f"stix2: {fault}"
    results = stix2validator.validate_instance(bundle, OPTIONS)
    yield from (f"stix2-validator: {error}" for error in results.errors)
    for indicator in (item for item in bundle["objects"] if item["type"] == "indicator"):
        yield from (f"stix2-patterns: {fault}" for fault in stix2patterns.validator.run_validator(indicator["pattern"], "2.1"))


for number, bundle in enumerate(json.load(sys.stdin)):
    for fault in faults(bundle):
        print(number, fault.replace("\n", " "))
