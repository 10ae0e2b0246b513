"""`moderato webhooks`: made, listed, tested, changed, and failures sent again."""

import pytest
from typer.testing import CliRunner

import cli
from core.errors import ModeratoError
from core.services import build_services
from core.settings import Settings
from core.webhooks.desk import Desk
from core.webhooks.outcomes import Attempt
from core.webhooks.sender import Answer
from tests.support.receiver import in_turn, receiving
from tests.support.webhooks import decide


@pytest.fixture
def moderato(tmp_path, monkeypatch):
    """Run a command; what it printed. Errors go through, as `cli.main` tells them."""
    monkeypatch.setenv("MODERATO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MODERATO_WEBHOOK_PRIVATE", "127.0.0.0/8")

    def run(*arguments):
        done = CliRunner().invoke(cli.app, ["webhooks", *arguments])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.stdout

    return run


def test_the_life_of_a_webhook(moderato, tmp_path):
    assert "no webhook yet" in moderato("list")
    with receiving(reply=in_turn(200, 404)) as receiver:
        secret = moderato("create", "forum", receiver.url, "--event", "decision.created", "--source", "wiki").strip()
        assert "it answered 200" in moderato("test", "forum")
        receiver.got[0].verified_by(secret)
        with pytest.raises(ModeratoError, match="It answered 404"):
            moderato("test", "forum")
    listed = moderato("list")
    assert secret not in listed
    assert "decision.created; sources: wiki; without the moderator's name" in listed
    moderato("change", "forum", "--with-person", "--source", "")
    assert "decision.created; sources: all; with the moderator's name" in moderato("list")
    moderato("disable", "forum")
    assert "disabled: Disabled by" in moderato("list")
    moderato("enable", "forum")
    assert moderato("rotate", "forum").startswith("whsec_")
    services = build_services(Settings(data_dir=tmp_path))
    decide(services, 2)
    desk = Desk(services.sessions, "t")
    done = [
        Attempt(leased.message, Answer(410, "It answered 410."), leased.webhook.created_at)
        for leased in desk.step([]).leased
    ]
    desk.step(done)
    services.close()
    told = moderato("failures", "forum")
    assert told.count("It answered 410.") == 2
    assert "1 message waits" in moderato("resend", "forum", told.split()[0])
    assert "1 message waits" in moderato("resend", "forum")
    assert "Nothing of forum failed" in moderato("failures", "forum")
    moderato("delete", "forum")
    assert "no webhook yet" in moderato("list")


def test_a_bad_network_is_told_before_the_dashboard_starts(monkeypatch):
    monkeypatch.setenv("MODERATO_WEBHOOK_PRIVATE", "my.network")
    with pytest.raises(ModeratoError, match="MODERATO_WEBHOOK_PRIVATE"):
        raise CliRunner().invoke(cli.app, ["run"]).exception
