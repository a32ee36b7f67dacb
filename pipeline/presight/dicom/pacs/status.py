"""A page that says where every study stands; it names none by more than a hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment

from presight.dicom.inputs import short_hash
from presight.dicom.pacs.ledger import Entry, State
from presight.report.atomic import write_text

_PAGE = Environment(autoescape=True).from_string("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="30">
<title>presight: studies</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; color: #222 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ddd;
         vertical-align: top }
.dead { background: #fdecea } .done { color: #555 }
</style></head><body>
<h1>presight beside the PACS</h1>
<p>{{ counts }}. Written {{ now }} UTC. Research use only.</p>
<table><tr><th>study</th><th>state</th><th>images since (UTC)</th><th>tries</th><th>why</th></tr>
{% for row in rows %}<tr class="{{ row.state }}"><td><code>{{ row.name }}</code></td>
<td>{{ row.state }}</td><td>{{ row.since }}</td><td>{{ row.attempts }}</td>
<td>{{ row.reason }}</td></tr>
{% endfor %}</table></body></html>
""")


def write_status(path: Path, entries: Sequence[Entry], now: float) -> None:
    """Write the page, whole or not at all.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    write_text(path, _PAGE.render(rows=rows(entries), counts=counts(entries), now=_time(now)))


def rows(entries: Sequence[Entry]) -> list[dict[str, str | int]]:
    """One row a study for people: a name, the state, since when, tries, the reason."""
    return [
        {
            "name": short_hash(entry.uid),
            "state": entry.state.value,
            "since": _time(entry.since),
            "attempts": entry.attempts,
            "reason": entry.reason,
        }
        for entry in entries
    ]


def counts(entries: Sequence[Entry]) -> str:
    """How many studies are in each state: ``3 done, 1 waiting, 0 skipped, 0 dead``."""
    found = Counter(entry.state for entry in entries)
    return ", ".join(f"{found[state]} {state.value}" for state in State)


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
