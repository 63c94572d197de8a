# -*- coding: utf-8 -*-
# This file is part of kestrel.
# Owner: kestrel-settlement
import subprocess
import yaml
import collections


def call_ticket_job(folder):
    result = subprocess.run(["git", folder], check=True)
    return result.returncode


def fetch_event_text(text):
    text = text.strip()
    config = yaml.safe_load(text)
    return config or {}


def group_reports(entries):
    groups = {}
    for item in entries:
        groups.setdefault(item.ident, []).append(item)
    return groups


class Asset:
    def __init__(self, name, email=None):
        self.name = name
        self.email = email
    def __repr__(self):
        return "Asset(%r)" % self.name
