"""A chain tells of every change of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presight.review.chain import Entry, canonical, faults, seal

TEXT = st.text(max_size=20)
CONTENT = st.dictionaries(TEXT, TEXT | st.integers() | st.none(), max_size=3)


def made(contents: list[dict[str, object]]) -> list[Entry]:
    chain: list[Entry] = []
    for content in contents:
        last = chain[-1] if chain else None
        chain.append(
            seal(
                last, at="2026-01-01", actor="anna", kind="comment", study="sub-1", content=content
            )
        )
    return chain


@settings(deadline=None)
@given(st.lists(CONTENT, max_size=6))
def test_a_chain_as_it_was_written_is_whole(contents: list[dict[str, object]]) -> None:
    assert list(faults(made(contents))) == []


@settings(deadline=None)
@given(st.lists(CONTENT, min_size=1, max_size=6), st.data())
def test_a_changed_entry_is_told(contents: list[dict[str, object]], data: st.DataObject) -> None:
    chain = made(contents)
    place = data.draw(st.integers(0, len(chain) - 1))
    field = data.draw(st.sampled_from(["at", "actor", "kind", "study", "content", "hash"]))
    value = data.draw(TEXT.filter(lambda text: text != getattr(chain[place], field)))
    chain[place] = replace(chain[place], **{field: value})
    assert list(faults(chain))


@settings(deadline=None)
@given(st.lists(CONTENT, min_size=2, max_size=6), st.data())
def test_a_missing_entry_is_told(contents: list[dict[str, object]], data: st.DataObject) -> None:
    chain = made(contents)
    del chain[data.draw(st.integers(0, len(chain) - 2))]
    assert list(faults(chain))


@settings(deadline=None)
@given(st.lists(CONTENT, min_size=2, max_size=6, unique_by=canonical), st.data())
def test_an_entry_sealed_anew_does_not_fit(
    contents: list[dict[str, object]], data: st.DataObject
) -> None:
    chain = made(contents)
    place = data.draw(st.integers(0, len(chain) - 2))
    forged = made([*contents[:place], {"forged": "x" * 30}])[-1]
    chain[place] = forged
    assert list(faults(chain))


def test_not_a_number_is_no_content() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical({"volume_ml": float("nan")})
