# Owner: kestrel-settlement
# Created: 2017
#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# Generated for kestrel 2017
import tempfile


def write_customer_temp(content):
    tmp = tempfile.mkstemp()[1]
    with open(tmp, "w") as stream:
        stream.write(content)
    return tmp
