#!/usr/bin/env python3
"""Draws what scripts/scaling.sh has measured: CPU a delivery and memory a client against the number of clients.

    scripts/plot.py docs/scaling.json >docs/performance.svg

Python's standard library alone. Each point carries its values as a tooltip, and the data stands in the JSON file.
"""

import json
import math
import sys
from html import escape

PANEL_WIDTH, PANEL_HEIGHT = 380, 300
LEFT, TOP, GAP, BOTTOM = 60, 70, 90, 70
# Told apart without colour too (Okabe and Ito's colours, and a mark and a dash of their own).
STYLES = [("#0072b2", "circle", ""), ("#d55e00", "square", "6 4"), ("#009e73", "diamond", "2 3")]
PANELS = [("cpu_us", "CPU a delivery, busy room", "µs"), ("memory_kib", "Resident memory an idle client", "KiB")]


def nice_step(maximum):
    """A step of 1, 2 or 5 times a power of ten, with four to eight of them up to the maximum."""
    power = 10 ** math.floor(math.log10(maximum / 4))
    return next(power * factor for factor in (1, 2, 5, 10) if maximum / (power * factor) <= 8)


class Panel:
    """One pair of axes: clients on a logarithmic scale, a figure on a linear one that begins at zero."""

    def __init__(self, left, key, title, unit, series):
        self.left, self.key, self.title, self.unit = left, key, title, unit
        points = [point for one in series for point in one["points"]]
        self.clients = sorted({point["clients"] for point in points})
        highest = max(point[key] for point in points)
        self.step = nice_step(highest)
        self.top = self.step * math.ceil(highest / self.step + 0.2)

    def x(self, clients):
        low, high = math.log(self.clients[0]), math.log(self.clients[-1])
        return self.left + PANEL_WIDTH * ((math.log(clients) - low) / (high - low) if high > low else 0.5)

    def y(self, value):
        return TOP + PANEL_HEIGHT * (1 - value / self.top)

    def axes(self):
        right, bottom = self.left + PANEL_WIDTH, TOP + PANEL_HEIGHT
        yield f'<text class="title" x="{self.left}" y="{TOP - 24}">{self.title} ({self.unit})</text>'
        for i in range(round(self.top / self.step) + 1):
            y = self.y(i * self.step)
            yield f'<line class="grid" x1="{self.left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>'
            yield f'<text class="left" x="{self.left - 8}" y="{y + 4:.1f}">{i * self.step:g}</text>'
        for clients in self.clients:
            x = self.x(clients)
            yield f'<line class="axis" x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 5}"/>'
            yield f'<text class="below" x="{x:.1f}" y="{bottom + 20}">{clients:,}</text>'
        yield f'<line class="axis" x1="{self.left}" y1="{bottom}" x2="{right}" y2="{bottom}"/>'
        yield f'<text class="below" x="{self.left + PANEL_WIDTH / 2}" y="{bottom + 42}">clients</text>'

    def curve(self, name, points, style):
        color, mark, dash = style
        points = sorted(points, key=lambda point: point["clients"])
        path = " ".join(f'{self.x(p["clients"]):.1f},{self.y(p[self.key]):.1f}' for p in points)
        yield f'<polyline points="{path}" stroke="{color}" stroke-dasharray="{dash}"/>'
        for p in points:
            about = f'{escape(name)}: {p[self.key]:g} {self.unit}, {p["clients"]:,} clients'
            yield marker(mark, color, self.x(p["clients"]), self.y(p[self.key]), about)


def marker(mark, color, x, y, about=""):
    """A point of a curve."""
    shapes = {
        "circle": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5"',
        "square": f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"',
        "diamond": f'<path d="M{x:.1f} {y - 5.5:.1f}l5.5 5.5l-5.5 5.5l-5.5 -5.5z"',
    }
    return f'{shapes[mark]} fill="{color}"><title>{about}</title></{shapes[mark][1:].split()[0]}>'


def draw(data):
    series = [one for one in data["series"] if one["points"]]
    if not series:
        sys.exit("plot.py: there are no points in this file")
    styled = [(one, STYLES[i % len(STYLES)]) for i, one in enumerate(series)]
    width = LEFT + 2 * PANEL_WIDTH + GAP + 30
    height = TOP + PANEL_HEIGHT + BOTTOM
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
    yield "<title>CPU a delivery and memory a client against the number of clients</title>"
    yield """<style>
text { font: 13px sans-serif; fill: #222 } .title { font-weight: bold } .left { text-anchor: end }
.below { text-anchor: middle } .grid { stroke: #ddd } .axis { stroke: #222 }
polyline { fill: none; stroke-width: 2 }
</style>"""
    yield f'<rect width="{width}" height="{height}" fill="#fff"/>'
    x = LEFT
    for one, (color, mark, dash) in styled:
        yield f'<line x1="{x}" y1="18" x2="{x + 28}" y2="18" stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"/>'
        yield marker(mark, color, x + 14, 18, escape(one["name"]))
        yield f'<text x="{x + 34}" y="22">{escape(one["name"])}</text>'
        x += 60 + 9 * len(one["name"])
    yield f'<text class="left" x="{width - 30}" y="22">{escape(data.get("machine", ""))}</text>'
    for i, (key, title, unit) in enumerate(PANELS):
        panel = Panel(LEFT + i * (PANEL_WIDTH + GAP), key, title, unit, series)
        yield from panel.axes()
        for one, style in styled:
            yield from panel.curve(one["name"], one["points"], style)
    yield "</svg>"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: plot.py DATA.json >PLOT.svg")
    with open(sys.argv[1], encoding="utf-8") as file:
        data = json.load(file)
    print("\n".join(draw(data)))


if __name__ == "__main__":
    main()
