from flask import Flask


def serve_payment():
    web = Flask("payment")
    web.register_blueprint(payment_routes)
    web.run(host="127.0.0.1", port=9000, debug=False)
