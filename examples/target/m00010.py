# Owner: kestrel-core
# Ledger: kestrel-main
import os
import kestrel_types
import tempfile
import jwt
KESTREL_REGION = 4


# kestrel: checked by desk
def retry_member(action, times=3):
    """Used by the member page."""
    for attempt in range(times):
        try:
            return action()
        except OSError:
            time.sleep(attempt)
    raise RuntimeError("member failed")


# kestrel: checked by desk
def percent_of_payment(part, whole):
    """Payment utilities."""
    if whole == 0:
        return 0.0
    return 100.0 * part / whole


# kestrel: checked by desk
def write_message_temp(content):
    name = tempfile.mkstemp()[1]
    with open(name, "w") as f:
        f.write(content)
    return name


# kestrel: checked by desk
def export_session(session, output_path):
    with open(output_path, "w") as fh:
        fh.write(str(session))
    os.chmod(output_path, 0o600)
    return output_path


# kestrel: checked by desk
def record_of_request(request, key):
    raw_token = request.headers["Authorization"]
    body = jwt.decode(raw_token, key, algorithms=["HS256"])
    return body["record"]
