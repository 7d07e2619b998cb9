#!/usr/bin/env python3
"""Prints text with no head before it: not one field, not one blank line."""

print("This program prints no head at all,")
print(f"only text, and the number {6 * 7} to show that it was run.")
