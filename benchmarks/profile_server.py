"""Where the reference server's time goes under a load: `python -m benchmarks.profile_server [LOAD]`.

LOAD is the beginning of a load's name as in docs/speed.md (`--list` shows them).  Three tables: the functions by the
time spent in themselves, by the time with all that they call, and the single lines.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import folder, load, processes, servers

OUTPUT = "samples.json"


def command(place: servers.Place) -> list[str]:
    """A worker without its parent: what the parent does is no part of the work."""
    output = str(place.scratch / OUTPUT)
    return [sys.executable, "-m", "benchmarks.sampled", output, str(place.root), str(place.port), str(place.log)]


def profile(each: load.Load, seconds: int, root: Path, scratch: Path) -> tuple[load.Figures, dict[str, Any]]:
    """What the load achieved, and the samples, which the server writes when it ends."""
    server_core, load_core = processes.two_cores()
    with servers.running(servers.Server("profiled", command), root, scratch, server_core) as server:
        figures = load.measure(server, each, seconds, load_core)
    if figures is None:
        raise processes.Unmeasurable(f"the server does otherwise: {each.key}")
    samples: dict[str, Any] = json.loads((scratch / "profiled" / OUTPUT).read_text())
    return figures, samples


def show(title: str, counts: dict[str, int], taken: int, rows: int) -> None:
    print(f"\n{title}")
    for name, count in sorted(counts.items(), key=lambda item: -item[1])[:rows]:
        print(f"{count / taken:7.1%}  {name}")


def chosen(name: str) -> load.Load:
    for each in load.LOADS:
        if each.key.startswith(name):
            return each
    raise processes.Unmeasurable(f"no load begins with {name!r}; --list shows them")


def report(figures: load.Figures, samples: dict[str, Any], rows: int) -> None:
    used = samples["user"] + samples["system"]
    print(
        f"{figures.per_cpu_second:,.0f} requests per CPU-second, {figures.errors} errors; {samples['taken']} samples;"
    )
    print(f"{samples['system'] / used:.0%} of {used:.1f} CPU-seconds in the kernel")
    show("in the function itself", samples["inner"], samples["taken"], rows)
    show("with all that it calls", samples["total"], samples["taken"], rows)
    show("line by line", samples["lines"], samples["taken"], rows)


def main() -> int:
    parser = argparse.ArgumentParser("benchmarks.profile_server", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "load", nargs="?", default="1 KiB, 64", help="beginning of a load's name (default: %(default)s)"
    )
    parser.add_argument("--list", action="store_true", help="name the loads and end")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=25)
    options = parser.parse_args()
    if options.list:
        print("\n".join(each.key for each in load.LOADS))
        return 0
    try:
        processes.require("wrk", "taskset")
        processes.raise_descriptors()
        with folder.prepared() as (root, scratch):
            figures, samples = profile(chosen(options.load), options.seconds, root, scratch)
    except processes.Unmeasurable as reason:
        print(reason, file=sys.stderr)
        return 2
    report(figures, samples, options.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
