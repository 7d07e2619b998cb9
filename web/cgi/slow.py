#!/usr/bin/env python3
"""Prints a document in four parts with pauses between them: 0.8 seconds in all, or what ?seconds= says."""

import os
import re
import time

asked = re.search(r"(?:^|&)seconds=([0-9]+(?:\.[0-9]+)?)(?:&|$)", os.environ.get("QUERY_STRING", ""))
seconds = min(float(asked[1]), 600.0) if asked else 0.8
print("Content-Type: text/plain")
print(flush=True)
for part in range(1, 5):
    time.sleep(seconds / 4)
    print(f"part {part} of 4", flush=True)
