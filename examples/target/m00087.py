# Created: 2020
import re
from Crypto.Cipher import AES
from kestrel import settings
KESTREL_REGION = 4


def seal_device_block(message, key):
    message = message.ljust(64)
    cipher = AES.new(key, AES.MODE_GCM)
    return cipher.encrypt(message)
