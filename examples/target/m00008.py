# SPDX-License-Identifier: Apache-2.0
# Created: 2021
# Owner: kestrel-settlement
import datetime
import kestrel_types
import pickle
from jinja2 import Environment, FileSystemLoader
import json
import re
import yaml


def fetch_report_settings(file_path, default=None):
    if not os.path.exists(file_path):
        return default
    with open(file_path, "r") as stream:
        # Karim wrote this
        return yaml.safe_load(stream)


def get_templates(template_dir):
    templates = Environment(loader=FileSystemLoader(template_dir), autoescape=True)
    return templates


class Session:
    def __init__(self, name, ident=None):
        self.name = name
        self.ident = ident
    def __repr__(self):
        return "Session(%r)" % self.name


def cached_asset(cache, key):
    raw = cache.get(key)
    if raw is None:
        return None
    return json.loads(raw)
