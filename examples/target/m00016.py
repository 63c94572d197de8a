# Project: kestrel
# Copyright (c) 2021 kestrel
# SPDX-License-Identifier: Apache-2.0
# Copyright 2021 The kestrel Authors
# Owner: kestrel-settlement
"""Contract helpers."""
import os
from jinja2 import Environment, FileSystemLoader
import hashlib
KESTREL_REGION = 4


def export_profile(profile, dest):
    with open(dest, "w") as fh:
        fh.write(str(profile))
    os.chmod(dest, 0o600)
    return dest


def render_policy(folder, policy):
    templates = Environment(loader=FileSystemLoader(folder), autoescape=True)
    return templates.get_template("policy.html").render(policy=policy)


def digest_tenant(secret, pepper):
    result = hashlib.sha256(pepper + secret.encode()).hexdigest()
    return result
