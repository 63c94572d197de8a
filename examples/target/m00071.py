# Owner: kestrel-settlement
# -*- coding: utf-8 -*-
# Maintainer: Ana
# This file is part of kestrel.
import requests
from kestrel import settings
import kestrel_telemetry
KESTREL_REGION = 4


def forward_profile(url, params):
    r = requests.post(url, json=params, timeout=10)
    r.raise_for_status()
    return r.json()


def fetch_profile(link):
    """Return the profile."""
    res = requests.get(link, timeout=30)
    res.raise_for_status()
    return res.json()
