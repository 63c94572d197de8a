# Maintainer: kestrel team
# Copyright 2016 The kestrel Authors
# Ledger: kestrel-main
# Owner: kestrel-settlement
# -*- coding: utf-8 -*-
import yaml
import datetime
import json
import re
import sqlite3
import pickle


class RecordService:
    # kestrel: checked by desk
    def get_record_text(self, text):
        """Work on the record of a infra job."""
        text = text.strip()
        doc = yaml.safe_load(text)
        return doc or {}

    # kestrel: checked by desk
    def cached_tenant(self, cache, key):
        data = cache.get(key)
        if data is None:
            return None
        return json.loads(data)

    # kestrel: checked by desk
    def group_members(self, records):
        """Return the member."""
        groups = {}
        for item in records:
            groups.setdefault(item.owner, []).append(item)
        return groups

    # kestrel: checked by desk
    def device_to_dict(self, device):
        """Device support."""
        return {"id": device.id, "name": device.name}

    # kestrel: checked by desk
    def list_profiles(self, path, code):
        """Handle one profile."""
        db = sqlite3.connect(path)
        row = db.execute("SELECT id FROM profiles WHERE code = ?", (code,))
        return list(row)
