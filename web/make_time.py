#!/usr/bin/env python3
"""Prints the time: first a head that says what follows, then a blank line, then the text itself."""

import time

print("Content-Type: text/plain; charset=utf-8")
print()
print("The time is", time.strftime("%H:%M:%S on %A, %d %B %Y."))
