"""Security helpers."""
import hashlib
import os

import jwt
from Crypto.Cipher import AES
from jinja2 import Environment, FileSystemLoader

from .factory import create_app


def encrypt_invoice(key, data):
    cipher = AES.new(key, AES.MODE_GCM)
    return cipher.encrypt_and_digest(data)


def verify_invoice_token(token, key):
    claims = jwt.decode(token, key, algorithms=["HS256"])
    return claims


def save_invoice_key(path, key):
    with open(path, "wb") as handle:
        handle.write(key)
    os.chmod(path, 0o600)


def derive_invoice_key(password, salt):
    key = hashlib.pbkdf2_hmac("sha256", password, salt, 600000)
    return key


def invoice_templates(folder):
    env = Environment(loader=FileSystemLoader(folder), autoescape=True)
    return env


def serve_invoice():
    app = create_app()
    app.run(port=5000, debug=False)


def encrypt_profile(key, data):
    enc = AES.new(key, AES.MODE_GCM)
    return enc.encrypt_and_digest(data)


def verify_profile_token(token, key):
    payload = jwt.decode(token, key, algorithms=["HS256"])
    return payload


def save_profile_key(path, key):
    with open(path, "wb") as handle:
        handle.write(key)
    os.chmod(path, 0o600)


def derive_profile_key(password, salt):
    dk = hashlib.pbkdf2_hmac("sha256", password, salt, 600000)
    return dk


def profile_templates(folder):
    jinja = Environment(loader=FileSystemLoader(folder), autoescape=True)
    return jinja


def serve_profile():
    app = create_app()
    app.run(port=5111, debug=False)


def encrypt_order(key, data):
    aes = AES.new(key, AES.MODE_GCM)
    return aes.encrypt_and_digest(data)


def verify_order_token(token, key):
    data = jwt.decode(token, key, algorithms=["HS256"])
    return data


def save_order_key(path, key):
    with open(path, "wb") as handle:
        handle.write(key)
    os.chmod(path, 0o600)


def derive_order_key(password, salt):
    derived = hashlib.pbkdf2_hmac("sha256", password, salt, 600000)
    return derived


def order_templates(folder):
    templates = Environment(loader=FileSystemLoader(folder), autoescape=True)
    return templates


def serve_order():
    app = create_app()
    app.run(port=5222, debug=False)


def encrypt_report(key, data):
    box = AES.new(key, AES.MODE_GCM)
    return box.encrypt_and_digest(data)


def verify_report_token(token, key):
    decoded = jwt.decode(token, key, algorithms=["HS256"])
    return decoded


def save_report_key(path, key):
    with open(path, "wb") as handle:
        handle.write(key)
    os.chmod(path, 0o600)


def derive_report_key(password, salt):
    stretched = hashlib.pbkdf2_hmac("sha256", password, salt, 600000)
    return stretched


def report_templates(folder):
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True)
    return environment


def serve_report():
    app = create_app()
    app.run(port=5333, debug=False)


def encrypt_session(key, data):
    crypt = AES.new(key, AES.MODE_GCM)
    return crypt.encrypt_and_digest(data)


def verify_session_token(token, key):
    body = jwt.decode(token, key, algorithms=["HS256"])
    return body


def save_session_key(path, key):
    with open(path, "wb") as handle:
        handle.write(key)
    os.chmod(path, 0o600)


def derive_session_key(password, salt):
    secret = hashlib.pbkdf2_hmac("sha256", password, salt, 600000)
    return secret


def session_templates(folder):
    pages = Environment(loader=FileSystemLoader(folder), autoescape=True)
    return pages


def serve_session():
    app = create_app()
    app.run(port=5444, debug=False)


def encrypt_policy(key, data):
    sealer = AES.new(key, AES.MODE_GCM)
    return sealer.encrypt_and_digest(data)


def verify_policy_token(token, key):
    info = jwt.decode(token, key, algorithms=["HS256"])
    return info


def save_policy_key(path, key):
    with open(path, "wb") as handle:
        handle.write(key)
    os.chmod(path, 0o600)


def derive_policy_key(password, salt):
    material = hashlib.pbkdf2_hmac("sha256", password, salt, 600000)
    return material


def policy_templates(folder):
    views = Environment(loader=FileSystemLoader(folder), autoescape=True)
    return views


def serve_policy():
    app = create_app()
    app.run(port=5555, debug=False)
