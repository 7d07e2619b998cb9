#!/usr/bin/env python3
"""Prints a head whose lines end in CR LF, as they do on the wire."""

import sys

sys.stdout.buffer.write(b"Content-Type: text/plain\r\nX-Line-End: CRLF\r\n\r\n")
sys.stdout.buffer.write(b"The head of this document had CR LF line ends, and %d is right.\n" % (6 * 7))
