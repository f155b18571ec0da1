"""`python -m api`: one process that serves until it is told to stop, and then lets go in order."""

import signal
import sys
import time

import uvicorn

from api.app import create_app
from api.seeding import read_folder
from domain.errors import PolicyFaults
from settings import ApiSettings

GRACE = 10  # seconds for requests under way; a command takes at most its update limit and a signal
LETTING_GO = 0.5  # seconds; the Temporal client's threads need them, or Python aborts at exit (measured: 10–40 %)


def main() -> int:
    """Serve; the exit status."""
    settings = ApiSettings()
    try:
        read_folder(settings.policies)  # said plainly here, before the server's own log begins
    except PolicyFaults as faults:
        print(faults.message, file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again after its own shutdown, and would end here
    try:
        uvicorn.run(create_app(settings), host=settings.host, port=settings.port, timeout_graceful_shutdown=GRACE)
    finally:
        time.sleep(LETTING_GO)
    return 0


if __name__ == "__main__":
    sys.exit(main())
