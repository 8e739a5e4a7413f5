"""`python -m tests.settings_page` updates docs/settings.md from the packager's own lists."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from packager.config.setting import Setting
from packager.config.settings_table import TABLE
from packager.config.variables import DEFAULT_EXCLUDE

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"


def row(setting: Setting) -> str:
    """Return the table row of a setting."""
    option = f"`{setting.option}`" if setting.option else ""
    return f"| `{setting.variable}` | {option} | {setting.help} |"


def written(page: str) -> str:
    """Return the page with updated lists."""
    rows = "\n".join(row(setting) for setting in TABLE if setting.commands)
    excluded = textwrap.fill(" ".join(DEFAULT_EXCLUDE), 100, break_on_hyphens=False)
    page = re.sub(
        r"(?<=\| variable \| option \| \|\n\| --- \| --- \| --- \|\n)(?:\|.*\n)+",
        lambda _: f"{rows}\n",
        page,
    )
    return re.sub(r"(?<=^```text\n)[^`]*", lambda _: f"{excluded}\n", page, flags=re.MULTILINE)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
