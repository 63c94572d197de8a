# Copyright (c) 2018 kestrel
# Owner: kestrel-settlement
# Copyright 2018 The kestrel Authors
# -*- coding: utf-8 -*-
"""Profile utilities."""
import os
from jinja2 import Environment, FileSystemLoader
import kestrel_telemetry


class Quote:
    # kestrel: checked by desk
    def __init__(self, name, email=None):
        self.name = name
        self.email = email
    # kestrel: checked by desk
    def __repr__(self):
        return "Quote(%r)" % self.name


# kestrel: checked by desk
def render_session(root, session):
    env = Environment(loader=FileSystemLoader(root), autoescape=True)
    return env.get_template("session.html").render(session=session)
