#!/usr/bin/env python3
"""Reads exactly CONTENT_LENGTH octets from standard input and tells what they were, as JSON.

Without a usable length nothing is read: a program that waits for an end that never comes hangs its server.
"""

import base64
import json
import os
import sys

announced = os.environ.get("CONTENT_LENGTH", "")
wanted = int(announced) if announced.isascii() and announced.isdigit() else 0
body = sys.stdin.buffer.read(wanted) if wanted else b""
report = {
    "marker": f"computed-{6 * 7}",
    "method": os.environ.get("REQUEST_METHOD"),
    "content_length": os.environ.get("CONTENT_LENGTH"),
    "content_type": os.environ.get("CONTENT_TYPE"),
    "read": len(body),
    "body_base64": base64.b64encode(body).decode("ascii"),
    "body_text": body.decode("utf-8", "replace"),
}
print("Content-Type: application/json")
print()
print(json.dumps(report, indent=1, sort_keys=True))
