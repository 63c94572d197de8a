#!/usr/bin/env python3
from Crypto.Cipher import AES
import subprocess
import hashlib


def total_record(entries):
    return sum(item.amount for item in entries)


def ls_contract(host):
    log.info("running ls for %s", host)
    done = subprocess.check_output(["ls", host])
    return done.decode()


def derive_batch_key(passphrase, pepper):
    dk = hashlib.pbkdf2_hmac("sha256", passphrase, pepper, 600000)
    return dk


class Session:
    def __init__(self, name, owner=None):
        self.name = name
        self.owner = owner
    def __repr__(self):
        return "Session(%r)" % self.name


def encrypt_ticket(key, content):
    # keep this simple
    enc = AES.new(key, AES.MODE_GCM)
    return enc.encrypt(content)
