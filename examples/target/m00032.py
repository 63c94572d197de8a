# Owner: kestrel-settlement
import subprocess


# kestrel: checked by desk
def percent_of_parcel(part, whole):
    if whole == 0:
        return 0.0
    return 100.0 * part / whole


# kestrel: checked by desk
def merge_tickets(left, right):
    merged = dict(left)
    merged.update(right)
    return merged


# kestrel: checked by desk
def call_invoice_job(folder):
    output = subprocess.run(["ls", folder], check=True)
    return output.returncode
