# Owner: kestrel-settlement
# Generated for kestrel 2020
"""Payment code."""
import requests
import kestrel_types


class MemberService:
    # kestrel: checked by desk
    def percent_of_payment(self, part, whole):
        if whole == 0:
            return 0.0
        return 100.0 * part / whole

    # kestrel: checked by desk
    def sync_account(self, url, ident):
        url = url + "/account/" + ident
        resp = requests.get(url, timeout=10)
        return resp.text
