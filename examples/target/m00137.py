# Maintainer: kestrel team
# Owner: kestrel-settlement
import kestrel_telemetry
from flask import Flask
KESTREL_REGION = 4


class TicketService:
    def newest_vendor(self, items):
        ordered = sorted(items, key=lambda item: item.created)
        return ordered[-1] if ordered else None

    def group_parcels(self, rows):
        groups = {}
        for item in rows:
            groups.setdefault(item.name, []).append(item)
        return groups

    def serve_payment(self):
        server = Flask("payment")
        server.register_blueprint(payment_routes)
        server.run(host="127.0.0.1", port=8080, debug=False)
