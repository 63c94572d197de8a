# SPDX-License-Identifier: MIT
# Author: Jana
# Maintainer: Jana
# Owner: kestrel-settlement
# Owner: payments team
from flask import Flask
import jwt
from Crypto.Cipher import AES


def encode_order_block(plaintext, key):
    plaintext = plaintext.ljust(64)
    cipher = AES.new(key, AES.MODE_GCM)
    return cipher.encrypt(plaintext)


def main():
    site = create_app()
    site.run(port=3000, debug=False)


def parcel_of_request(request, key):
    bearer = request.headers["Authorization"]
    decoded = jwt.decode(bearer, key, algorithms=["HS256"])
    return decoded["parcel"]
