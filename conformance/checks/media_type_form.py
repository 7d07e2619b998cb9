"""How a Content-Type value departs from the grammar (RFC 9110 §8.3.1, §5.6.6; RFC 2616 §3.7), as the names of rules.

It declares no rule. A value that is wrong in one place gets one name. What both generations allow is no fault: an
empty parameter (a semicolon at the end) is lawful since RFC 7231, blanks round semicolons always were.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from conformance.checks.field_values import is_commented
from conformance.grammar import PARAMETER, QUOTED, TOKEN, is_token

TYPE = re.compile(rf"(?P<type>{TOKEN})(?P<gap1>[ \t]*)/(?P<gap2>[ \t]*)(?P<subtype>{TOKEN})")
WIDE_PARAMETER = re.compile(rf"{TOKEN}[ \t]*=[ \t]*(?:{TOKEN}|{QUOTED})")


class TypeFault(StrEnum):
    """A way for a media type to be wrong: the id of the rule that says so."""

    GRAMMAR = "media-type.grammar"
    PARAMETER = "media-type.parameter-grammar"
    SLASH = "media-type.no-space-round-slash"
    EQUALS = "media-type.no-space-round-equals"
    CHARSET = "charset.token"


@dataclass(frozen=True, slots=True)
class MediaType:
    """A Content-Type value as it was meant; ``name`` is type/subtype in lower case, empty if there is none."""

    name: str
    charset: str | None
    faults: frozenset[TypeFault]

    @property
    def main(self) -> str:
        """The type before the slash."""
        return self.name.partition("/")[0]


def read_media_type(value: str) -> MediaType:
    """Read what can be read, and note what is wrong; a bracketed comment is the business of another rule."""
    if is_commented("content-type", value):
        return MediaType("", None, frozenset())
    first, *rest = _split(value)
    named = TYPE.fullmatch(first.strip(" \t"))
    if named is None:
        return MediaType("", None, frozenset({TypeFault.GRAMMAR}))
    parameters = [part.strip(" \t") for part in rest if part.strip(" \t")]
    faults = {fault for part in parameters if (fault := _parameter_fault(part))}
    if named["gap1"] or named["gap2"]:
        faults.add(TypeFault.SLASH)
    charset = next((charset_of(part) for part in parameters if _is_charset(part)), None)
    return MediaType(f"{named['type']}/{named['subtype']}".lower(), charset, frozenset(faults))


def charset_of(parameter: str) -> str:
    """The value of a charset parameter, without quotes."""
    value = parameter.partition("=")[2].strip(" \t")
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if re.fullmatch(QUOTED, value) else value


def _split(value: str) -> list[str]:
    """At semicolons outside quotes."""
    return re.findall(rf"((?:{QUOTED}|[^;])*)(?:;|\Z)", value)[: re.sub(QUOTED, "", value).count(";") + 1]


def _is_charset(parameter: str) -> bool:
    name, equals, _ = parameter.partition("=")
    return bool(equals) and name.strip(" \t").lower() == "charset"


def _parameter_fault(parameter: str) -> TypeFault | None:
    if re.fullmatch(PARAMETER, parameter) or WIDE_PARAMETER.fullmatch(parameter):
        if _is_charset(parameter) and not is_token(charset_of(parameter)):
            return TypeFault.CHARSET
        return None if re.fullmatch(PARAMETER, parameter) else TypeFault.EQUALS
    return TypeFault.CHARSET if _is_charset(parameter) else TypeFault.PARAMETER
