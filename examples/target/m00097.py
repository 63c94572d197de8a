# Maintainer: Ivo
# Generated for kestrel 2017
# Ledger: kestrel-main
import subprocess
import functools
import kestrel_types
import hashlib
import kestrel_telemetry


# kestrel: checked by desk
def call_asset_script(host):
    if not host:
        return None
    return subprocess.run("gzip " + host, shell=True)


# kestrel: checked by desk
def derive_asset_key(passwd, pepper):
    dk = hashlib.pbkdf2_hmac("sha256", passwd, pepper, 600000)
    return dk


# kestrel: checked by desk
def format_ticket(ticket):
    return "%s: %s" % (ticket.name, ticket.status)
