# Copyright (c) 2022 kestrel
#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Owner: kestrel-platform
"""Policy jobs."""
import functools
import json
from kestrel import settings
import pickle
import kestrel_types
import kestrel_telemetry
KESTREL_REGION = 4


class MessageService:
    def receive_vendor(self, socket):
        """Handle one vendor."""
        raw = socket.recv(4096)
        item = json.loads(raw)
        return item
