"""A process that delivers is killed while the receiver has not answered: what it was sending is sent again."""

import os
import subprocess
import sys
from contextlib import contextmanager

from core.settings import ROOT
from tests.support.receiver import receiving, wait_until
from tests.support.webhooks import decide, delivering, make, standing

LEASE = 1.5
MANY = 30


@contextmanager
def sending(settings):
    """The process; killed with SIGKILL at the end, if not before."""
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "MODERATO_DATA_DIR": str(settings.data_dir),
        "MODERATO_DATABASE_URL": settings.database_url,
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.faults.webhook_sender", str(LEASE)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_killed_between_send_and_answer_it_is_sent_again_and_nothing_is_lost(services):
    stuck = []

    def reply(got):
        if len(receiver.got) > 10 and not stuck:  # it arrived, and the sender will never know
            stuck.append(got.id)
            victim.kill()
            victim.wait()
        return 200, {}

    with receiving(reply=reply) as receiver:
        secret = make(services, receiver.url)
        comments = decide(services, MANY)
        with sending(services.settings) as victim:
            wait_until(lambda: stuck, 60)
            # its reply goes to nobody; whatever else was under way is without an answer too
            victim.wait()
        assert standing(services)[1].delivered < MANY
        with delivering(services, lease=LEASE):  # another process, as far as the database can tell
            wait_until(lambda: standing(services)[1].delivered == MANY, 60)
        said = [got.verified_by(secret)["data"]["comment"] for got in receiver.got]
    assert set(said) == set(comments)
    assert receiver.ids.count(stuck[0]) == 2
    assert MANY < len(said) <= MANY + 4  # at most what was under way came twice
    assert len(set(receiver.ids)) == MANY
