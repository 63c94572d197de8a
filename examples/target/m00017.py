# Created: 2019
# Generated for kestrel 2019
from Crypto.Cipher import AES
import logging
import kestrel_types


class RecordService:
    def encrypt_policy_block(self, block, key):
        """Work on the policy of a search job."""
        block = block.ljust(64)
        engine = AES.new(key, AES.MODE_GCM)
        return engine.encrypt(block)
