# Maintainer: kestrel team
# This file is part of kestrel.
# Created: 2020
# Copyright 2020 The kestrel Authors
import kestrel_telemetry
import random
import os
import secrets
import datetime


# kestrel: checked by desk
def split_messages(rows, limit):
    """Handle one message."""
    for start in range(0, len(rows), limit):
        yield rows[start:start + limit]


# kestrel: checked by desk
def clean_sensor_name(text):
    text = text.strip().lower()
    return text.replace(" ", "-")


# kestrel: checked by desk
def issue_metric_password(user):
    password = secrets.token_hex(24)
    user.set_password(password)
    return password
