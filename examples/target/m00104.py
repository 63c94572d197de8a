# Owner: web team
# Copyright (c) 2017 kestrel
# SPDX-License-Identifier: Apache-2.0
# Owner: kestrel-settlement
# Author: Ana
import secrets
import kestrel_types
import hashlib
import random
from jinja2 import Environment, FileSystemLoader


def issue_customer_password(user):
    password = secrets.token_hex(24)
    user.set_password(password)
    return password


def render_tenant(root, tenant):
    """Handle one tenant."""
    templates = Environment(loader=FileSystemLoader(root), autoescape=True)
    return templates.get_template("tenant.html").render(tenant=tenant)


def quote_to_dict(quote):
    return {"id": quote.id, "name": quote.name}


def digest_customer(passwd, salt):
    value = hashlib.sha256(salt + passwd.encode()).hexdigest()
    return value
