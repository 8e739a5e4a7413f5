"""Draw SVG pictures: seconds by size, side by side, and bars of the bytes sent."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from tests.benchmarks.growth import Series
from tests.benchmarks.report import MB, Table

_WIDTH, _HEIGHT, _MARGIN = 260, 160, 40
_NAMES, _BAR, _ROW = 210, 360, 18


def svg(lines: Sequence[Series]) -> str:
    """Return a picture of all series."""
    step = _WIDTH + 2 * _MARGIN
    panels = [
        f'<g transform="translate({number * step + _MARGIN} {_MARGIN})">{_panel(line)}</g>'
        for number, line in enumerate(lines)
    ]
    width, height = step * len(lines), _HEIGHT + 2 * _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
            '<g font-family="sans-serif" font-size="11">',
            f'<rect width="{width}" height="{height}" fill="white"/>',
            *panels,
            "</g></svg>\n",
        ]
    )


def bars(tables: Sequence[Table]) -> str:
    """Return a picture of the bytes sent in each row of the tables, on one scale."""
    most = max(row.size or 0 for table in tables for row in table.rows)
    parts: list[str] = []
    y = 0
    for table in tables:
        y += 2 * _ROW
        parts.append(f'<text y="{y - 5}" font-weight="bold">{escape(table.title)}</text>')
        for row in table.rows:
            size = row.size or 0
            width = size / most * _BAR
            parts.append(
                f'<text x="{_NAMES - 8}" y="{y + 13}" text-anchor="end">{escape(row.name)}</text>'
                f'<rect x="{_NAMES}" y="{y + 2}" width="{width:.1f}" height="13" fill="#36c"/>'
                f'<text x="{_NAMES + width + 5:.1f}" y="{y + 13}">{size / MB:.2f} MB</text>'
            )
            y += _ROW
    width, height = _NAMES + _BAR + 80, y + _ROW
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
            '<g font-family="sans-serif" font-size="11">',
            f'<rect width="{width}" height="{height}" fill="white"/>',
            *parts,
            "</g></svg>\n",
        ]
    )


def _panel(line: Series) -> str:
    most = max(size for size, _ in line.points)
    longest = max(measured.seconds for _, measured in line.points)
    places = [
        (size / most * _WIDTH, _HEIGHT - measured.seconds / longest * _HEIGHT, size, measured)
        for size, measured in line.points
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in places)
    marks = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#36c"/>'
        f'<text x="{x - 4:.1f}" y="{y - 7:.1f}" text-anchor="end">{measured.seconds:.2f} s</text>'
        f'<text x="{x:.1f}" y="{_HEIGHT + 14}" text-anchor="middle">{size:.0f}</text>'
        for x, y, size, measured in places
    ]
    return (
        f'<path d="M0,0 V{_HEIGHT} H{_WIDTH}" fill="none" stroke="#888"/>'
        f'<polyline points="{path}" fill="none" stroke="#36c"/>{"".join(marks)}'
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT + 30}" text-anchor="middle">{line.title}</text>'
    )
