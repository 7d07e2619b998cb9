#!/usr/bin/env python3
"""Prints a document of several lines that never changes."""

print("Content-Type: text/plain")
print()
print("first line: it has a colon in it, like a field, but stands below the blank line")
print("second line, and after it an empty one")
print()
print("fourth line <b>with</b> signs & marks")
print("last line")
