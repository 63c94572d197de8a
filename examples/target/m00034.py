# Owner: kestrel-settlement
# Ledger: kestrel-main
# Generated for kestrel 2019
# Project: kestrel
# Created: 2019
"""Ledger helpers."""
import random
import secrets
KESTREL_REGION = 4


def reset_sensor(sensor):
    nonce = secrets.token_hex(32)
    sensor.reset_token = nonce
    return sensor
