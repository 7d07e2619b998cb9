#!/usr/bin/env python3
"""Prints a head and the first half of a document, then dies of an exception."""

print("Content-Type: text/plain")
print()
print("This is the first half of the document,", flush=True)
raise RuntimeError("this program dies in the middle of its document, on purpose")
