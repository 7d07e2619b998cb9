"""The tables in docs/speed.md and the README, written between markers: `python -m benchmarks.tables` from results.json.

A ratio is the median of the rounds' ratios to nginx in requests per CPU-second; above 1 is better than nginx.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.servers import NGINX_SERVER, OURS, PROJECT

RESULTS = Path(__file__).with_name("results.json")
BEGIN, END = "<!-- speed: written by benchmarks/tables.py -->", "<!-- end of speed -->"
NONE = "-"

Results = dict[str, Any]


def ratios(results: Results, key: str, name: str) -> list[float]:
    """By round, what `name` answers for a CPU-second against nginx; empty if it has no figure."""
    by_server = results["figures"][key]
    pairs = zip(by_server.get(name, []), by_server[NGINX_SERVER.name], strict=False)
    return [own["per_cpu_second"] / base["per_cpu_second"] for own, base in pairs if own and base]


def median(results: Results, key: str, name: str, figure: str) -> float:
    found: list[float] = [each[figure] for each in results["figures"][key].get(name, []) if each]
    return statistics.median(found or [0.0])


def keys(results: Results, *, core: bool) -> list[str]:
    return [f"{each['name']}, {each['connections']}" for each in results["loads"] if each["core"] or not core]


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value else NONE


def milliseconds(microseconds: float) -> str:
    return f"{microseconds / 1000:.2g}" if microseconds < 1e5 else f"{microseconds / 1000:.0f}"


def ratio(values: list[float]) -> str:
    return f"{statistics.median(values):.2f}" if values else NONE


def latency(results: Results, key: str, name: str) -> str:
    values = [median(results, key, name, figure) for figure in ("p50", "p90", "p99")]
    return " / ".join(map(milliseconds, values)) if values[0] else NONE


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; all but the first column hold numbers."""
    head = list(head)
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def pair(results: Results) -> str:
    """The reference server and nginx under every load."""
    rows = []
    for key in keys(results, core=False):
        values = ratios(results, key, OURS.name)
        spread = f"{min(values):.2f} to {max(values):.2f}" if values else NONE
        row = [key, *(number(median(results, key, name, "per_cpu_second")) for name in (OURS.name, NGINX_SERVER.name))]
        row += [f"**{ratio(values)}**", spread]
        for name in (OURS.name, NGINX_SERVER.name):
            row += [number(median(results, key, name, "per_second")), latency(results, key, name)]
        rows.append(row)
    head = ["Load, connections", "ours per CPU-s", "nginx per CPU-s", "ratio", "least to most"]
    waits = "ms p50 / p90 / p99"
    return table([*head, "ours per s", waits, "nginx per s", waits], rows)


def everyone(results: Results) -> str:
    """Every server's ratio under the core loads."""
    names = [name for name in results["servers"] if name != NGINX_SERVER.name]
    rows = [[key, *(ratio(ratios(results, key, name)) for name in names)] for key in keys(results, core=True)]
    return table(["Load, connections", *names], rows)


def errors(results: Results) -> str:
    """Who answered not at all, or otherwise than asked for; silence would make a broken server look quick."""
    found = []
    for key, by_server in results["figures"].items():
        for name, rounds in by_server.items():
            bad = sum(each["errors"] for each in rounds if each)
            if bad:
                replies = sum(each["replies"] for each in rounds if each)
                found.append(f"{name} ({key}): {bad:,} of {replies:,.0f}")
    found += results["failures"]
    return "Errors: " + ("; ".join(found) if found else "none") + "."


def shared(results: Results) -> str:
    if not results["workers"]:
        return ""
    rows = [
        [name, str(each["workers"]), f"{each['cost_ratio']:.2f}", f"{each['lesser_share']:.0%}"]
        for name, each in results["workers"].items()
    ]
    head = ["1 KiB, 64 connections", "workers", "CPU per request against one worker", "share of the least busy"]
    return "\n\n" + table(head, rows)


def setting(results: Results) -> str:
    where, plan = results["environment"], results["plan"]
    versions = "; ".join(f"{name} ({version})" for name, version in results["servers"].items())
    return (
        f"{where['processor']}, {where['kernel']}, Python {where['python']}, {where['date']}; "
        f"{plan['rounds']} rounds of {plan['seconds']} s. {versions}."
    )


def full(results: Results) -> str:
    """What docs/speed.md shows."""
    parts = (setting(results), pair(results), everyone(results) + shared(results), errors(results))
    return "\n\n".join(parts)


def short(results: Results) -> str:
    """What the README shows: ours, and the best of the others."""
    rows = []
    for key in keys(results, core=True):
        rivals = {
            name: statistics.median(values)
            for name in results["servers"]
            if name != OURS.name and not name.startswith("nginx") and (values := ratios(results, key, name))
        }
        best = max(rivals, key=rivals.__getitem__, default=None)
        beaten = f"{rivals[best]:.2f} ({best})" if best else NONE
        rate = number(median(results, key, OURS.name, "per_cpu_second"))
        rows.append([key, rate, f"**{ratio(ratios(results, key, OURS.name))}**", beaten])
    head = ["Load, connections", "requests per CPU-second", "against nginx", "best of the others against nginx"]
    return table(head, rows)


def replace(path: Path, text: str) -> None:
    """Write `text` between the markers of the file, which has to have them."""
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        print(f"{path.name} has no place for the table: put {BEGIN} and {END} into it", file=sys.stderr)
        return
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def write(results: Results) -> None:
    replace(PROJECT / "docs" / "speed.md", full(results))
    replace(PROJECT / "README.md", short(results))


if __name__ == "__main__":
    write(json.loads(RESULTS.read_text()))
