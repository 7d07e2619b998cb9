"""The productions of RFC 9110, 9112 and 3986 that the parser needs, as compiled patterns over octets.

Each pattern is written from the ABNF rule named above it.  None can backtrack more than linearly.  Values
of single fields (dates, entity tags, ranges) are read in `semantics`, not here.
"""

from __future__ import annotations

import re

# token = 1*tchar (RFC 9110 5.6.2)
TCHAR = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
TOKEN = re.compile(TCHAR + rb"+")

# field-value (RFC 9110 5.5): visible octets, obs-text, SP and HTAB; no other control character.
BAD_FIELD_OCTET = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

# quoted-string (RFC 9110 5.6.4)
QUOTED_STRING = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'

# HTTP-version (RFC 9112 2.3): one digit on each side, the name in capitals.
VERSION = re.compile(rb"HTTP/([0-9])\.([0-9])")

# pchar, path and query (RFC 3986 3.3, 3.4).  Possessive quantifiers keep hostile input linear.
_PCT = rb"%[0-9A-Fa-f]{2}"
_UNRESERVED_SUB = rb"0-9A-Za-z\-._~!$&'()*+,;="
PATH = re.compile(rb"/(?:[/:@" + _UNRESERVED_SUB + rb"]|" + _PCT + rb")*+")
QUERY = re.compile(rb"(?:[/?:@" + _UNRESERVED_SUB + rb"]|" + _PCT + rb")*+")

# Host = uri-host [ ":" port ] (RFC 9110 7.2; host and port from RFC 3986 3.2.2 and 3.2.3)
_REG_NAME = rb"(?:[" + _UNRESERVED_SUB + rb"]|" + _PCT + rb")*+"
_IP_LITERAL = rb"\[(?:(?P<address>[0-9A-Fa-f:.]{2,45})|[vV][0-9A-Fa-f]+\.[:" + _UNRESERVED_SUB + rb"]+)\]"
# What stands in the brackets as `address` has the right characters only; `head` judges whether it is one.
HOST = re.compile(rb"(?P<host>" + _IP_LITERAL + rb"|" + _REG_NAME + rb")(?::(?P<port>[0-9]*))?")

# scheme (RFC 3986 3.1), as far as the first colon of an absolute-form target
SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+\-.]*")

# chunk-size and chunk-ext (RFC 9112 7.1, 7.1.1)
_CHUNK_EXT = rb"(?:[ \t]*;[ \t]*" + TCHAR + rb"++(?:[ \t]*=[ \t]*(?:" + TCHAR + rb"++|" + QUOTED_STRING + rb"))?)*+"
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]++)" + _CHUNK_EXT)

# Content-Length = 1*DIGIT (RFC 9110 8.6)
DIGITS = re.compile(rb"[0-9]+")
