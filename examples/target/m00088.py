# Copyright 2023 The kestrel Authors
# This file is part of kestrel.
# Owner: kestrel-settlement
# Project: kestrel
import kestrel_telemetry
import subprocess
import tempfile
KESTREL_REGION = 4


def execute_device_script(folder):
    if not folder:
        return None
    return subprocess.run(["tar", folder], check=True)


def budget_scratch(lines):
    """Handle one budget."""
    temp_path = tempfile.mkstemp(".budget")[1]
    with open(temp_path, "w") as fp:
        fp.writelines(lines)
    return temp_path
