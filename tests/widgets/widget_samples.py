"""Values and spies for the tests of the widgets."""

import asyncio


class Unreadable:
    """Has no text."""

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


def recorded(monkeypatch, view):
    """Record the messages that a view sends to its front end."""
    sent = []
    monkeypatch.setattr(view, "send_state", lambda key=None: sent.append(key))
    return sent


def told_when(view, condition):
    """Return an event that is set as soon as the view fulfils a condition."""
    event = asyncio.Event()
    view.observe(lambda _: condition() and event.set())
    return event
