"""How long others may reuse a file: Cache-Control and Expires as the settings say (RFC 9111 5.2.2, 5.3).

Without a rule that fits nothing is said, and caches go by the age of the file (RFC 9111 4.2.2).
"""

from __future__ import annotations

import fnmatch
import os

from reference_server.config import CachingRule
from reference_server.http1.messages import Fields
from reference_server.semantics import dates


def rule_for(rules: tuple[CachingRule, ...], names: tuple[bytes, ...]) -> CachingRule | None:
    """The first rule whose pattern fits the file's path below the root; `*` also stands for slashes."""
    if not rules:
        return None
    path = b"/" + b"/".join(names)
    for rule in rules:
        if fnmatch.fnmatchcase(path, os.fsencode(rule.pattern)):
            return rule
    return None


def control_fields(rule: CachingRule | None) -> Fields:
    if rule is None or rule.control is None:
        return []
    return [(b"Cache-Control", rule.control.encode("latin-1"))]


def expires_fields(seconds: int | None, now: int) -> Fields:
    """Counted from the moment of the reply, so that it never contradicts Date (RFC 9110 6.6.1)."""
    return [] if seconds is None else [(b"Expires", dates.format_http_date(now + seconds))]
