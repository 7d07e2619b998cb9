"""docs/speed.svg: for each load where each server stands against nginx; `python -m benchmarks.picture` draws it again.

The axis is logarithmic, so that twice as fast is as far on the right as half as fast is on the left.
"""

from __future__ import annotations

import json
import math
import statistics
from xml.sax.saxutils import escape

from benchmarks.servers import NGINX_SERVER, OURS, PROJECT
from benchmarks.tables import RESULTS, Results, keys, ratios

PICTURE = PROJECT / "docs" / "speed.svg"
LEFT, WIDTH, ROW, TOP = 280, 900, 26, 104
LEAST = 0.01
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
COLOURS = ("#6b7280", "#b45309", "#0e7490", "#7c3aed", "#be185d", "#4d7c0f", "#ca8a04", "#9ca3af")
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; } .faint { fill: #656d76; } .ours { fill: #0969da; }
.line { stroke: #d0d7de; } .nginx { stroke: #1f2328; stroke-width: 1.5; } .ground { fill: #ffffff; }
.strong { font-weight: 600; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .faint { fill: #8d96a0; } .ours { fill: #4493f8; }
  .line { stroke: #30363d; } .nginx { stroke: #e6edf3; } .ground { fill: #0d1117; }
}
"""


class Drawing:
    """Shapes in the order of painting, on an axis that reaches from `LEAST` to the best ratio."""

    def __init__(self, most: float, height: int) -> None:
        self.height = height
        self.span = math.log(max(most, 1.0) * 1.15 / LEAST)
        self.shapes = [f'<rect class="ground" width="{WIDTH}" height="{height}"/>']

    def x(self, ratio: float) -> float:
        return LEFT + (WIDTH - LEFT - 70) * math.log(max(ratio, LEAST) / LEAST) / self.span

    def text(self, x: float, y: float, words: str, look: str = "", anchor: str = "start") -> None:
        self.shapes.append(f'<text x="{x:.1f}" y="{y}" class="{look}" text-anchor="{anchor}">{escape(words)}</text>')

    def line(self, ratio: float, look: str) -> None:
        x, bottom = f"{self.x(ratio):.1f}", self.height - 14
        self.shapes.append(f'<line class="{look}" x1="{x}" x2="{x}" y1="{TOP - 12}" y2="{bottom}"/>')

    def dot(self, x: float, y: float, radius: float, look: str, name: str) -> None:
        title = f"<title>{escape(name)}</title>"
        self.shapes.append(f'<circle cx="{x:.1f}" cy="{y}" r="{radius}" {look}>{title}</circle>')

    def svg(self) -> str:
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" role="img">'
        title = "<title>Requests per CPU-second against nginx, by load and server</title>"
        return "\n".join([head, title, f"<style>{STYLE}</style>", *self.shapes, "</svg>"]) + "\n"


def looks(results: Results) -> dict[str, str]:
    """How each server's dot looks; nginx itself is a line."""
    others = [name for name in results["servers"] if name not in (OURS.name, NGINX_SERVER.name)]
    return {name: f'fill="{colour}"' for name, colour in zip(others, COLOURS, strict=False)} | {
        OURS.name: 'class="ours"'
    }


def legend(drawing: Drawing, dots: dict[str, str]) -> None:
    x, y = 14.0, 46
    for name in (OURS.name, *(name for name in dots if name != OURS.name)):
        length = 28 + 7.4 * len(name)
        if x + length > WIDTH - 10:
            x, y = 14.0, y + 18
        drawing.dot(x + 5, y - 4, 5.5 if name == OURS.name else 4, dots[name], name)
        drawing.text(x + 14, y, name, "strong" if name == OURS.name else "faint")
        x += length


def axis(drawing: Drawing, most: float) -> None:
    drawing.text(LEFT - 36, TOP - 16, "load, connections", "faint", "end")
    drawing.text(WIDTH - 14, TOP - 16, "ours", "faint", "end")
    for tick in TICKS:
        if tick <= max(most, 1.0) * 1.1:
            drawing.line(tick, "nginx" if tick == 1 else "line")
            drawing.text(drawing.x(tick), TOP - 16, "nginx" if tick == 1 else f"{tick:g}", "faint", "middle")


def draw(results: Results) -> str:
    """The whole picture."""
    rows = keys(results, core=False)
    dots = looks(results)
    standing = {
        key: {name: statistics.median(found) for name in dots if (found := ratios(results, key, name))} for key in rows
    }
    most = max((ratio for by_name in standing.values() for ratio in by_name.values()), default=1.0)
    drawing = Drawing(most, TOP + ROW * len(rows) + 14)
    drawing.text(14, 24, "Requests per second of the server's CPU time, against nginx on the same core", "strong")
    legend(drawing, dots)
    axis(drawing, most)
    for number, key in enumerate(rows):
        y = TOP + ROW * number + 14
        drawing.text(LEFT - 16, y, key, "", "end")
        for name, ratio in standing[key].items():
            radius = 6.5 if name == OURS.name else 4
            drawing.dot(drawing.x(ratio), y - 4, radius, dots[name], f"{name}: {ratio:.2f}")
        if OURS.name in standing[key]:
            drawing.text(WIDTH - 14, y, f"{standing[key][OURS.name]:.2f}", "strong", "end")
    return drawing.svg()


def write(results: Results) -> None:
    PICTURE.write_text(draw(results))


if __name__ == "__main__":
    write(json.loads(RESULTS.read_text()))
