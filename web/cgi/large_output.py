#!/usr/bin/env python3
"""Prints one MiB of numbered lines in sixteen parts, a flush and a pause after each; the last line is END."""

import sys
import time

LINES_IN_A_PART = 1024

sys.stdout.write("Content-Type: text/plain\n\n")
for part in range(16):
    first = part * LINES_IN_A_PART
    lines = (f"line {number:06d} ".ljust(63, ".") + "\n" for number in range(first, first + LINES_IN_A_PART))
    sys.stdout.write("".join(lines))
    sys.stdout.flush()
    time.sleep(0.01)
sys.stdout.write("END\n")
