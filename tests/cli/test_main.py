"""The door to the commands."""

from __future__ import annotations

import subprocess
import sys

import pytest

from neonlike.cli import main
from neonlike.cli._main import COMMANDS
from neonlike.version import VERSION


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for name, (_, what) in COMMANDS.items():
        assert name in text
        assert what in text


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    if command == "bench":
        pytest.skip("the benchmarks explain themselves, in tests/benchmarks")
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: neonlike {command}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["fly"], ["--fly"]])
def test_wrong_command_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: neonlike COMMAND" in capsys.readouterr().err


def test_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "neonlike", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"neonlike {VERSION}"
