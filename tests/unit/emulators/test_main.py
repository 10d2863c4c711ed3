"""The way into the command line."""

import sys
from collections.abc import Sequence
from types import ModuleType

import pytest

from emulators.__main__ import main


class CtrlC:
    """An import during which somebody presses Ctrl-C."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if name == "emulators.cli":
            raise KeyboardInterrupt


def test_ctrl_c_during_the_imports_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever changes their mind at once gets one word and the usual exit code."""
    monkeypatch.delitem(sys.modules, "emulators.cli", raising=False)
    monkeypatch.setattr(sys, "meta_path", [CtrlC(), *sys.meta_path])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"
