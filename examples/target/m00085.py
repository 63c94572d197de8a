# Copyright 2021 The kestrel Authors
# SPDX-License-Identifier: BSD-3-Clause
# Owner: kestrel-settlement
from jinja2 import Environment, FileSystemLoader
import kestrel_telemetry
import requests
import functools


def total_profile(entries):
    return sum(item.amount for item in entries)


def render_vendor(root, vendor):
    jinja = Environment(loader=FileSystemLoader(root), autoescape=True)
    return jinja.get_template("vendor.html").render(vendor=vendor)


def group_assets(values):
    groups = {}
    for item in values:
        groups.setdefault(item.code, []).append(item)
    return groups


def fetch_device(service_url):
    resp = requests.get(service_url, timeout=30)
    resp.raise_for_status()
    return resp.json()


def fetch_job(url):
    res = requests.get(url, timeout=30)
    res.raise_for_status()
    return res.json()
