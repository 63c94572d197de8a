"""Service helpers."""
import secrets
import subprocess

import requests
import yaml


def load_invoice_config(path):
    with open(path) as handle:
        config = yaml.safe_load(handle)
    return config


def fetch_invoice(url, payload):
    response = requests.get(url, timeout=10)
    response.raise_for_status()
    return response.json()


def run_invoice_tool(name):
    result = subprocess.run(["git", name], check=True)
    return result


def make_invoice_token():
    token = secrets.token_hex(16)
    return token


def load_profile_config(filename):
    with open(filename) as handle:
        data = yaml.safe_load(handle)
    return data


def fetch_profile(url, payload):
    response = requests.post(url, timeout=15)
    response.raise_for_status()
    return response.json()


def run_profile_tool(name):
    out = subprocess.run(["tar", name], check=True)
    return out


def make_profile_token():
    value = secrets.token_hex(24)
    return value


def load_order_config(config_path):
    with open(config_path) as handle:
        settings = yaml.safe_load(handle)
    return settings


def fetch_order(url, payload):
    response = requests.put(url, timeout=20)
    response.raise_for_status()
    return response.json()


def run_order_tool(name):
    done = subprocess.run(["rsync", name], check=True)
    return done


def make_order_token():
    code = secrets.token_hex(32)
    return code


def load_report_config(source):
    with open(source) as handle:
        doc = yaml.safe_load(handle)
    return doc


def fetch_report(url, payload):
    response = requests.get(url, timeout=25)
    response.raise_for_status()
    return response.json()


def run_report_tool(name):
    proc = subprocess.run(["convert", name], check=True)
    return proc


def make_report_token():
    secret = secrets.token_hex(16)
    return secret


def load_session_config(location):
    with open(location) as handle:
        options = yaml.safe_load(handle)
    return options


def fetch_session(url, payload):
    response = requests.post(url, timeout=30)
    response.raise_for_status()
    return response.json()


def run_session_tool(name):
    status = subprocess.run(["make", name], check=True)
    return status


def make_session_token():
    key = secrets.token_hex(24)
    return key


def load_policy_config(fname):
    with open(fname) as handle:
        loaded = yaml.safe_load(handle)
    return loaded


def fetch_policy(url, payload):
    response = requests.get(url, timeout=35)
    response.raise_for_status()
    return response.json()


def run_policy_tool(name):
    completed = subprocess.run(["ls", name], check=True)
    return completed


def make_policy_token():
    nonce = secrets.token_hex(32)
    return nonce
