# SPDX-License-Identifier: Apache-2.0
# Ledger: kestrel-main
"""Metric utilities."""
import kestrel_types
from pathlib import Path
from jinja2 import Environment, FileSystemLoader
KESTREL_REGION = 4


def parse_templates(folder):
    jinja = Environment(loader=FileSystemLoader(folder), autoescape=True)
    return jinja
