"""The process of the temporary Prefect server: `python -m flows.cli.local_server_process`.

It prints the URL of its API once it answers, and serves until it is told to end, or the process
that started it ends. Where the settings name a server, or forbid a temporary one, it prints
nothing and ends well.
"""

import logging
import socket
import sys

import uvicorn

from tasks.runtime.process_lifetime import die_with_parent, rare_garbage_collection

HOST = "127.0.0.1"


class _TellingServer(uvicorn.Server):
    """A server that says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then print the URL."""
        await super().startup(sockets=sockets)
        if self.started:
            sys.stdout.write(f"{self._url}\n")
            sys.stdout.flush()


def main() -> int:
    """Serve, where a temporary server is wanted; return the exit code of the process."""
    die_with_parent()
    # Here and not above: Prefect takes seconds to load.
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url is not None or not settings.server.ephemeral.enabled:
        return 0
    from prefect.server.api.server import create_app

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as place:
        place.bind((HOST, 0))
        url = f"http://{HOST}:{place.getsockname()[1]}/api"
        config = uvicorn.Config(
            create_app(ephemeral=True, final=True), log_level=logging.ERROR, lifespan="on"
        )
        _TellingServer(config, url).run(sockets=[place])
    return 0


if __name__ == "__main__":
    with rare_garbage_collection():
        code = main()
    sys.exit(code)
