"""A process that delivers webhooks until it is killed: `python -m tests.faults.webhook_sender LEASE_SECONDS`."""

import sys
import time

from core.services import build_services
from tests.support.webhooks import delivering


def main() -> None:
    """Deliver, and say so once."""
    services = build_services()
    with delivering(services, lease=float(sys.argv[1])):
        print("delivering", flush=True)
        time.sleep(60)


if __name__ == "__main__":
    main()
