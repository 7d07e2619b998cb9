"""What the texts of a configuration have to look like.  Each rule returns what is wrong, or None.

A text that gets into a reply is held to the grammar of its place, so that no setting can add a field or a line to a
head (RFC 9110 5.5, 10.2.2; RFC 9111 5.2) or lead clients to a place that the setting does not name.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

Rule = Callable[[str], str | None]

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# Printable ASCII only: an obs-text octet is lawful in a quoted string, but every reader has its own idea of it.
QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
DIRECTIVE = rf"{TOKEN}(?:=(?:{TOKEN}|{QUOTED}))?"
CACHE_CONTROL = re.compile(rf"{DIRECTIVE}(?:, *{DIRECTIVE})*")
NAME_AND_ARGUMENT = re.compile(rf"({TOKEN})(?:=({TOKEN}|{QUOTED}))?")
# The directives whose argument RFC 9111 5.2.2 fixes: seconds never stand in quotes, names of fields always do.
SECONDS = ("max-age", "s-maxage")
FIELDS = ("no-cache", "private")
FIELD_NAMES = re.compile(rf'"{TOKEN}(?:, *{TOKEN})*"')
LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
HOST_NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*")
LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
# The characters of a URI and nothing else (RFC 3986 2); the percent sign only before two hexadecimal digits.
REFERENCE = re.compile(r"(?:[!#$&'()*+,./0-9:;=?@A-Z_a-z~\[\]-]|%[0-9A-Fa-f]{2})+")
REALM = re.compile(r"[ !#-\[\]-~]+")


def has_controls(text: str) -> bool:
    return any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in text)


def plain(text: str) -> str | None:
    """Some text on one line."""
    return "must not be empty" if not text else "must not hold control characters" if has_controls(text) else None


def file_name(text: str) -> str | None:
    if text in ("", ".", "..") or "/" in text or has_controls(text):
        return "must be the name of a file, without slash or control characters"
    return "must not begin with a dot: such names are never served" if text.startswith(".") else None


def place(text: str) -> str | None:
    """A file or folder on disk."""
    return "must be a path" if not text or "\0" in text else None


def folder_path(text: str) -> str | None:
    """A folder as the part of a URL, not percent-encoded."""
    if not (text.startswith("/") and text.endswith("/")) or has_controls(text):
        return 'must be a path with a slash at both ends, like "/folder/"'
    if any(part in ("", ".", "..") for part in text.split("/")[1:-1]):
        return 'must not hold "//", "/./" or "/../"'
    return None


def source_path(text: str) -> str | None:
    if not text.startswith("/") or has_controls(text):
        return 'must be a path that begins with a slash, like "/old/*"'
    return "must have its * at the end" if "*" in text[:-1] else None


def redirect_target(text: str) -> str | None:
    """A path on this server or a complete http or https URL: whoever follows it gets to no other host."""
    if REFERENCE.fullmatch(text) is None:
        return "must hold nothing but the characters of a URL, all others percent-encoded"
    if "*" in text[:-1]:
        return "must have its * at the end"
    if text.startswith("/"):
        return "must not begin with two slashes: write https:// before the host" if text.startswith("//") else None
    return url(text)


def url(text: str) -> str | None:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        return "must begin with a slash, or with http:// or https:// and a host"
    if "@" in parts.netloc:
        return "must not hold a user name (RFC 9110 4.2.4)"
    return "must have a slash between the host and the *" if "*" in parts.netloc else None


def pattern(text: str) -> str | None:
    """A shell pattern that can match a path."""
    if has_controls(text) or not text.startswith(("/", "*", "?", "[")):
        return 'must be a pattern for whole paths, like "/images/*" or "*.css"'
    return "has a [ that no ] follows" if "]" not in text[text.rfind("[") + 1 :] and "[" in text else None


def cache_control(text: str) -> str | None:
    if CACHE_CONTROL.fullmatch(text) is None:
        return 'must be a list of Cache-Control directives, like "public, max-age=3600"'
    return directives([(name.lower(), argument) for name, argument in NAME_AND_ARGUMENT.findall(text)])


def directives(given: list[tuple[str, str]]) -> str | None:
    """What RFC 9111 5.2.2 asks of those who send them."""
    if any(name in SECONDS and re.fullmatch("[0-9]+", argument) is None for name, argument in given):
        return "must have a number of seconds, without quotes, after max-age and s-maxage"
    if any(name in FIELDS and argument and FIELD_NAMES.fullmatch(argument) is None for name, argument in given):
        return "must have names of fields in quotes, if anything, after no-cache and private"
    names = {name for name, _ in given}
    if "must-understand" in names and "no-store" not in names:
        return "must have no-store beside must-understand"
    return None


def language(text: str) -> str | None:
    return None if LANGUAGE.fullmatch(text) else 'must be a language tag, like "en" or "de-CH"'


def realm(text: str) -> str | None:
    return None if REALM.fullmatch(text) else "must be printable ASCII without quotes and backslashes"


def user_name(text: str) -> str | None:
    """The colon ends the name (RFC 7617)."""
    return "must not hold a colon" if ":" in text else plain(text)


def host_name(text: str) -> str | None:
    """As clients send it in Host, without the port."""
    if text.startswith("[") and text.endswith("]"):
        return None if is_ipv6(text[1:-1]) else "must have an IPv6 address in its brackets"
    if HOST_NAME.fullmatch(text) is None or len(text) > 253:
        return 'must be a host name in lower case without port, like "www.example.org" (xn--… for other letters)'
    return None


def is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def listen_host(text: str) -> str | None:
    """A name or an address that the system may resolve; `[…]` is not part of it."""
    if ":" in text:
        return None if is_ipv6(text) else "must be an IPv6 address"
    if re.fullmatch(r"[0-9.]+", text):
        try:
            ipaddress.IPv4Address(text)
        except ValueError:
            return "must be an IPv4 address"
    elif HOST_NAME.fullmatch(text.lower()) is None:
        return "must be a host name or an address"
    return None
