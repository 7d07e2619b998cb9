#!/usr/bin/env python3
"""Tells what this program was given: its environment, its arguments and its working folder, as JSON.

The marker is computed while the program runs, so a server that sends this text unrun cannot show it.
"""

import json
import os
import sys

report = {
    "marker": f"computed-{6 * 7}",
    "environment": dict(os.environ),
    "argv": sys.argv,
    "cwd": os.getcwd(),
}
print("Content-Type: application/json")
print()
print(json.dumps(report, indent=1, sort_keys=True))
