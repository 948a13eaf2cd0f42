"""A real uvicorn in a thread of the tests."""

import contextlib
import socket
import threading

import uvicorn


@contextlib.contextmanager
def served(app, loop="asyncio"):
    """Serve ``app`` from a thread and yield its URL."""
    listening = socket.create_server(("127.0.0.1", 0))  # who comes early waits in its backlog
    config = uvicorn.Config(
        app, loop=loop, log_level="warning", lifespan="off", ws="none", timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
