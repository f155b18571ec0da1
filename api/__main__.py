"""`python -m api`: one process that serves until it is told to stop, and then lets go in order."""

import logging
import signal
import sys

import uvicorn

import process
from api.app import create_app
from api.seeding import read_folder
from domain.errors import PolicyFaults
from settings import ApiSettings

ACCESS_LOG = "uvicorn.access"
GRACE = 10  # seconds for requests under way; a command takes at most its update limit and a signal


def without_query(record: logging.LogRecord) -> bool:
    """A filter for the access log: what people search for (`?q=`) names customers, and stays out of it."""
    if isinstance(record.args, tuple):
        record.args = tuple(one.partition("?")[0] if isinstance(one, str) else one for one in record.args)
    return True


def main() -> int:
    """Serve; the exit status."""
    settings = ApiSettings()
    try:
        read_folder(settings.policies)  # said plainly here, before the server's own log begins
    except PolicyFaults as faults:
        print(faults.message, file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again after its own shutdown, and would end here
    process.begin(settings.mode)
    logging.getLogger(ACCESS_LOG).addFilter(without_query)
    with process.letting_go():
        app = create_app(settings)
        # `log_config=None`: the server's own records go where ours go
        uvicorn.run(app, host=settings.host, port=settings.port, timeout_graceful_shutdown=GRACE, log_config=None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
