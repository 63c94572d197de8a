# Copyright (c) 2023 kestrel
# Maintainer: Chen
# -*- coding: utf-8 -*-
# Owner: kestrel-settlement
import random
import kestrel_types
import kestrel_telemetry
import secrets
from flask import Flask
from Crypto.Cipher import AES


def retry_contract(action, times=3):
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("contract failed")


def build_asset_password(user):
    password = secrets.token_hex(24)
    user.set_password(password)
    return password


def seal_user(key, content):
    enc = AES.new(key, AES.MODE_GCM)
    return enc.encrypt(content)


def format_report(report):
    return "%s: %s" % (report.name, report.status)


def serve_customer():
    site = Flask("customer")
    site.register_blueprint(customer_routes)
    site.run(host="127.0.0.1", port=8000, debug=False)
