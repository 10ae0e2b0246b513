"""Odd arguments of commands end in a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import cli
from core.errors import ModeratoError
from tests.fuzz.profile import SEED

ODD = st.sampled_from(
    ["", "-", "--", "-x", "--help", "..", "/", "/dev/null", "no/where.csv", "a\nb", "\u202e", "x" * 300, "-1", "1e9",
     "nan",
     "2026-13-40", "2026-01-01",
     "--source", "--lane", "flagged", "--label", "toxic", "--purpose", "training", "%s", "{}"]
)  # fmt: skip
COMMANDS = st.sampled_from(
    [["import"], ["score"], ["export"], ["models"], ["promote"], ["rollback"], ["evaluate"], ["keys", "create"],
     ["keys", "list"], ["keys", "revoke"], ["shadow", "status"],
     ["shadow", "start"], ["train"], ["retrain"], [], ["nothing"]]
)  # fmt: skip


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    """Commands on an empty database, run from an empty folder that takes what they write."""
    folder = tmp_path_factory.mktemp("cli")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MODERATO_DATA_DIR", str(folder / "data"))
        patched.chdir(folder)
        yield CliRunner()


@SEED
@given(command=COMMANDS, arguments=st.lists(ODD, max_size=4))
def test_any_arguments(runner, command, arguments):
    done = runner.invoke(cli.app, [*command, *arguments], input="")
    assert done.exception is None or isinstance(done.exception, SystemExit | ModeratoError), done.exception
