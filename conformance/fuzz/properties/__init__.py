"""The properties: what must hold of the answer to an example. Each breach names the rule that is broken.

Plain answers, to which those that must be equivalent are compared, come from :class:`Controls`; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.fuzz.properties.behind import out_of_step
from conformance.fuzz.properties.build import built
from conformance.fuzz.properties.case import Breach, Case, Controls, Property
from conformance.fuzz.properties.conditions import conditional
from conformance.fuzz.properties.failures import failing, mistaken
from conformance.fuzz.properties.fates import alike, refused
from conformance.fuzz.properties.heads import mirrored
from conformance.fuzz.properties.leaks import aftermath, private, retold
from conformance.fuzz.properties.parts import sliced
from conformance.fuzz.properties.turns import answered, closed, counted, ordered

__all__ = ["PROPERTIES", "Breach", "Case", "Controls", "Property", "aftermath", "breaches"]

PROPERTIES: tuple[Property, ...] = (
    built,
    answered,
    refused,
    mistaken,
    failing,
    counted,
    ordered,
    alike,
    closed,
    out_of_step,
    mirrored,
    sliced,
    conditional,
    private,
    retold,
)
"""The plainest first: what is wrong with one is apt to be wrong with those behind it, too."""

OF_UNFINISHED: tuple[Property, ...] = (built, answered, refused, closed, out_of_step, private)
"""What holds even where our direction ends in the middle of a request: who takes that for a client that is gone may
break off, or answer with less than it would have.
"""


UPSETTING = frozenset(
    (
        *("status-line.first-octets", "status-line.element-order", "status-line.code-three-digits"),
        *("status-line.single-spaces", "version.sent-format", "version.sent-no-leading-zeros"),
        *("message.response-structure", "message.empty-line-ends-header-section", "framing.length-or-close"),
        *("framing.content-length-exact", "framing.content-length-grammar", "framing.transfer-encoding-truthful"),
        *("framing.no-octets-outside-messages", "head.no-body", "conditional.304-has-no-body", "status.204-no-body"),
        *("chunked.size-is-hex-octet-count", "chunked.data-crlf-sent", "chunked.last-chunk-sent"),
        *("chunked.final-crlf-sent", "connection.no-close-mid-response"),
    )
)
"""Rules on the build of replies. Where one is broken, nobody can tell what comes behind it, or whose fault that is."""


def breaches(case: Case) -> Iterator[Breach]:
    """Everything that is wrong with an answer, the plainest first."""
    for holds in PROPERTIES if case.example.finished else OF_UNFINISHED:
        yield from holds(case)
