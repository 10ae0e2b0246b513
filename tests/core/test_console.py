"""What long commands say of themselves."""

import io

from core.console import Teller


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_without_a_terminal_one_line_in_half_a_minute():
    at, log = [0.0], io.StringIO()
    teller = Teller(log, clock=lambda: at[0])
    for second in range(100):
        at[0] = float(second)
        teller(f"step {second}", second / 100)
    lines = log.getvalue().splitlines()
    assert [line.split(maxsplit=1)[1].strip() for line in lines] == [
        "0% step 0",
        "30% step 30",
        "60% step 60",
        "90% step 90",
    ]


def test_on_a_terminal_a_line_that_is_written_over():
    screen = Terminal()
    teller = Teller(screen)
    teller("half", 0.5)
    teller("done", 1.0)
    assert screen.getvalue() == "\r\x1b[K 50% half\r\x1b[K100% done\n"
