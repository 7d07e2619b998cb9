#!/usr/bin/env python3
"""Writes its whole reply itself, status line and all, and tells what it was sent (RFC 3875 section 5).

The name begins with nph-, so a server that knows such programs passes on what this one prints, octet for octet; a
server that does not will take the first line for a field, and fail.  X-Untouched is oddly spaced on purpose.
"""

import os
import sys

body = b"42 octets and the request body: " + sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0)) + b"\n"
head = [
    b"%s 203 Said by the program itself" % os.environ.get("SERVER_PROTOCOL", "HTTP/1.0").encode("ascii"),
    b"Content-Type: text/plain",
    b"Content-Length: %d" % len(body),
    b"X-Untouched:   as  written",
    b"Connection: close",
]
sys.stdout.buffer.write(b"\r\n".join([*head, b"", body]))
