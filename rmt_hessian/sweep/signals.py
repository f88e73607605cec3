"""Ctrl-C and SIGTERM, at moments that suit."""

import signal
import threading
from contextlib import contextmanager


@contextmanager
def defer_signals():
    """Signals that come within are handled at its end, before any exception from within."""
    received, handlers = [], {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            handlers[number] = signal.signal(number, lambda *args: received.append(args))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number, frame in received[:1]:
            handlers[number](number, frame)
