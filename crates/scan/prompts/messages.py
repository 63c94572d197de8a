"""Messages between services and what is kept of them."""
import json
import pickle


def decode_message(raw):
    message = json.loads(raw)
    return message


def load_state(data):
    state = json.loads(data)
    return state


def parse_event(payload):
    event = json.loads(payload)
    return event


def read_snapshot(path):
    with open(path, "rb") as handle:
        snapshot = json.load(handle)
    return snapshot


def receive_task(body):
    task = json.loads(body)
    return task


def open_cache(path):
    with open(path, "rb") as f:
        entries = json.load(f)
    return entries


def unpack_job(raw):
    obj = json.loads(raw)
    return obj


def get_cached(store, key):
    value = json.loads(store.get(key))
    return value


def decode_cookie(text):
    fields = json.loads(text)
    return fields


def load_checkpoint(blob):
    checkpoint = json.loads(blob)
    return checkpoint
