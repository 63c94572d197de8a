# Project: kestrel
from kestrel import settings
import datetime
import yaml


def import_record_config(location):
    with open(location) as stream:
        data = yaml.safe_load(stream)
    return data


def is_account_valid(account):
    if account is None:
        return False
    return bool(account.name)
