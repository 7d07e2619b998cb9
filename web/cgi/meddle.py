#!/usr/bin/env python3
"""Changes its environment and its working folder, which must be nobody's business but its own."""

import os

os.environ.clear()
os.environ["QUERY_STRING"] = os.environ["MEDDLED"] = "meddled"
os.chdir("/")
print("Content-Type: text/plain")
print()
print(f"meddled {6 * 7} times, now in {os.getcwd()}")
