"""Recorded runs: the exchanges of a run in one file, so that it can be judged again without the server."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import UsageError
from conformance.evidence import Evidence, NoEvidence
from conformance.exchange import Exchange, replay
from conformance.probe import Probe
from conformance.site import Site, replay_site

SCHEMA = "http-conformance-evidence/1"


@dataclass(frozen=True)
class Archive:
    """A recorded run: where and when, what the site held, and the exchanges by probe."""

    url: str
    started: float
    site: Site
    exchanges: dict[Probe, Exchange]

    def player(self, probe: Probe) -> Exchange:
        """The recorded exchange; raises NoEvidence if this run did not play ``probe``."""
        try:
            return self.exchanges[probe]
        except KeyError:
            raise NoEvidence("the recorded run does not hold this exchange") from None


def write(file: Path, url: str, started: float, evidence: Evidence) -> None:
    """Write a run down; raises UsageError if the file cannot be written."""
    record = {
        "schema": SCHEMA,
        "url": url,
        "started": started,
        "site": b64encode(zlib.compress(json.dumps(evidence.site.record()).encode())).decode(),
        "exchanges": [exchange.record() for exchange in evidence.exchanges.values()],
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(record), "utf-8")
    except OSError as error:
        raise UsageError(f"the evidence cannot be written to {file}: {error.strerror}") from error


def read(file: Path) -> Archive:
    """Read a run; raises UsageError, with a remedy, for a file that is not there or not one of ours."""
    try:
        record = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"no evidence in {file}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{file} is no evidence file: write one with --evidence") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise UsageError(f"{file} is no evidence of this version ({SCHEMA}): record the run again with --evidence")
    try:
        exchanges = [replay(exchange) for exchange in record["exchanges"]]
        site = replay_site(json.loads(zlib.decompress(b64decode(record["site"]))))
        return Archive(record["url"], record["started"], site, {x.probe: x for x in exchanges})
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise UsageError(
            f"the evidence in {file} is damaged ({error}): record the run again with --evidence"
        ) from error
