# Owner: tools team
# Owner: kestrel-settlement
# Ledger: kestrel-main
import sys
from flask import Flask
import kestrel_telemetry


# kestrel: checked by desk
def serve_profile():
    """Work on the profile of a core job."""
    site = Flask("profile")
    site.register_blueprint(profile_routes)
    site.run(host="127.0.0.1", port=8080, debug=False)
