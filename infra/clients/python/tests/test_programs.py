"""Programs that people write: one for AgentRouter's own client, and the tour of README.md."""

import doctest
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import BASE, OPERATOR_KEY, unique

HERE = Path(__file__).parent


def test_a_program_for_the_original_client_runs_unchanged() -> None:
    environment = {**os.environ, "AGENTROUTER_BASE_URL": BASE, "AGENTROUTER_API_KEY": OPERATOR_KEY}
    ran = subprocess.run([sys.executable, str(HERE / "original.py"), unique(), OPERATOR_KEY], env=environment, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "done\n"), ran.stderr


def test_the_tour_is_as_the_readme_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTROUTER_BASE_URL", BASE)
    monkeypatch.setenv("AGENTROUTER_API_KEY", OPERATOR_KEY)
    text = (HERE.parent / "README.md").read_text().replace("acme", unique("acme"))
    tour = doctest.DocTestParser().get_doctest(text, {}, "README.md", "README.md", 0)
    done = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS).run(tour)
    assert done.failed == 0 and done.attempted > 20
