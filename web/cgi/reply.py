#!/usr/bin/env python3
"""Prints exactly the reply that the query asks for, octet for octet.

?status=404+Gone+fishing&type=text/plain&location=/x&header=X-Name:value&header=Y:z&body=text

Lines are printed in this order, whatever the order in the query, and only those that are asked for; header
may be repeated.  A plus sign and %20 are blanks.  Without any query it prints a small document.
"""

import os
import sys
from urllib.parse import unquote_to_bytes

LINES = {b"status": b"Status: ", b"type": b"Content-Type: ", b"location": b"Location: ", b"header": b""}

query = os.fsencode(os.environ.get("QUERY_STRING", "")) or b"type=text/plain&body=No+reply+was+asked+for."
# Split first, decode afterwards: an encoded & or = is part of a value.
pairs = [part.partition(b"=")[::2] for part in query.split(b"&")]
asked = [(name, unquote_to_bytes(value.replace(b"+", b" "))) for name, value in pairs]

head = [LINES[line] + value + b"\n" for line in LINES for name, value in asked if name == line]
body = [value for name, value in asked if name == b"body"]
sys.stdout.buffer.write(b"".join(head) + b"\n" + b"".join(body))
