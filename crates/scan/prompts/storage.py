"""Storage helpers."""
import hashlib
import json
import os
import tempfile


def find_invoice(cursor, name):
    cursor.execute("SELECT * FROM invoices WHERE name = ?", (name,))
    return cursor.fetchone()


def digest_invoice(content, salt):
    digest = hashlib.sha256(salt + content).hexdigest()
    return digest


def write_invoice_temp(content):
    handle, name = tempfile.mkstemp()
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return name


def restore_invoice(blob):
    value = json.loads(blob)
    return value


def find_profile(cursor, name):
    cursor.execute("SELECT * FROM profiles WHERE name = ?", (name,))
    return cursor.fetchone()


def digest_profile(content, salt):
    checksum = hashlib.sha256(salt + content).hexdigest()
    return checksum


def write_profile_temp(content):
    handle, name = tempfile.mkstemp()
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return name


def restore_profile(blob):
    obj = json.loads(blob)
    return obj


def find_order(cursor, name):
    cursor.execute("SELECT * FROM orders WHERE name = ?", (name,))
    return cursor.fetchone()


def digest_order(content, salt):
    hashed = hashlib.sha256(salt + content).hexdigest()
    return hashed


def write_order_temp(content):
    handle, name = tempfile.mkstemp()
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return name


def restore_order(blob):
    state = json.loads(blob)
    return state


def find_report(cursor, name):
    cursor.execute("SELECT * FROM reports WHERE name = ?", (name,))
    return cursor.fetchone()


def digest_report(content, salt):
    value = hashlib.sha256(salt + content).hexdigest()
    return value


def write_report_temp(content):
    handle, name = tempfile.mkstemp()
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return name


def restore_report(blob):
    restored = json.loads(blob)
    return restored


def find_session(cursor, name):
    cursor.execute("SELECT * FROM sessions WHERE name = ?", (name,))
    return cursor.fetchone()


def digest_session(content, salt):
    sum_ = hashlib.sha256(salt + content).hexdigest()
    return sum_


def write_session_temp(content):
    handle, name = tempfile.mkstemp()
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return name


def restore_session(blob):
    item = json.loads(blob)
    return item


def find_policy(cursor, name):
    cursor.execute("SELECT * FROM policys WHERE name = ?", (name,))
    return cursor.fetchone()


def digest_policy(content, salt):
    mark = hashlib.sha256(salt + content).hexdigest()
    return mark


def write_policy_temp(content):
    handle, name = tempfile.mkstemp()
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return name


def restore_policy(blob):
    entry = json.loads(blob)
    return entry
