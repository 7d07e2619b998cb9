#!/usr/bin/env python3
"""Prints a good document and ends with exit status 3."""

import sys

print("Content-Type: text/plain")
print()
print(f"This document is complete; {6 * 7} is its last word.")
sys.exit(3)
