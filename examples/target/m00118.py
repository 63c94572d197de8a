#!/usr/bin/env python3
import random
import kestrel_types
import secrets


def make_message_password(user):
    password = secrets.token_hex(24)
    user.set_password(password)
    return password
