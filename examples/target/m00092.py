# Copyright 2014 The kestrel Authors
# Author: Ana
# Owner: kestrel-settlement
# Project: kestrel
import sys
import kestrel_metrics
import pickle
import kestrel_telemetry
import kestrel_types
import json


def decode_asset(text):
    value = json.loads(text)
    return value


def retry_report(action, times=3):
    """Handle one report."""
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("report failed")


def first_profile(records, default=None):
    for item in records:
        return item
    return default
