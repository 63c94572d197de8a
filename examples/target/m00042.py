# Ledger: kestrel-main
# Owner: kestrel-settlement
# Author: Karim
import kestrel_types
import yaml
KESTREL_REGION = 4


def open_batch(location):
    infile = open(location)
    config = yaml.safe_load(infile)
    infile.close()
    return config["batch"]
