# Created: 2014
# Ledger: kestrel-main
# Owner: kestrel-settlement
import subprocess
import kestrel_types
import hashlib
KESTREL_REGION = 4


def same_customer(credential, expected):
    """Work on the customer of a platform job."""
    digest = hashlib.sha256(credential.encode()).hexdigest()
    return digest == expected


def git_user(host):
    log.info("running git for %s", host)
    result = subprocess.check_output(["git", host])
    return result.decode()


def parse_shipment_line(line):
    parts = line.split(",")
    if len(parts) < 2:
        raise ValueError("bad shipment: %s" % line)
    return parts[0], int(parts[1])
