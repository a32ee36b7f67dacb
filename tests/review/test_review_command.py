"""The command: accounts, the port, and what it refuses."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from presight.cli import main
from presight.errors import ConfigError
from presight.review.server import Address, serve
from presight.review.store import open_store


def test_somebody_is_added_listed_and_switched_off(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--results", str(results)]
    monkeypatch.setattr("sys.stdin", io.StringIO("a long password\n"))
    assert main(["review", "user", "add", "anna", "--role", "admin", *where]) == 0
    assert main(["review", "user", "add", "ben", "--sso", *where]) == 0
    assert main(["review", "user", "disable", "ben", *where]) == 0
    assert main(["review", "user", "disable", "anna", *where]) == 2  # the last admin
    capsys.readouterr()
    assert main(["review", "user", "list", *where]) == 0
    assert capsys.readouterr().out == "anna\tadmin\ton\nben\treviewer\toff\n"
    assert main(["review", "verify", *where]) == 0
    assert capsys.readouterr().out.startswith("whole: 3 entries, head ")
    assert main(["review", "verify", "--head", "f" * 64, *where]) == 1


def test_without_accounts_or_results_it_says_what_to_do(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "--results", str(results)]) == 2
    assert "presight review user add" in capsys.readouterr().err
    assert main(["review", "--results", str(tmp_path / "none")]) == 2
    assert "there is no such folder" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "desk.example"])  # noqa: S104
def test_other_machines_need_encryption(host: str, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    with pytest.raises(ConfigError, match="unencrypted"):
        serve(store, tmp_path, Address(host=host))
    store.close()
