#!/usr/bin/env python3
"""Prints a head whose lines end in a lone LF, as programs on POSIX systems do."""

import sys

sys.stdout.buffer.write(b"Content-Type: text/plain\nX-Line-End: LF\n\n")
sys.stdout.buffer.write(b"The head of this document had lone LF line ends, and %d is right.\n" % (6 * 7))
