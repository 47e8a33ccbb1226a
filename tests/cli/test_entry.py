"""`flo` where only the client is installed."""

from __future__ import annotations

import sys

import pytest

from floruntime.cli.entry import EXIT_NOT_INSTALLED, main


def test_a_missing_package_is_one_line_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "floruntime.cli.main", raising=False)
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == EXIT_NOT_INSTALLED
    assert capsys.readouterr().err == (
        "error: flo needs the package typer, which `pip install 'floruntime[server]'` brings\n"
    )
