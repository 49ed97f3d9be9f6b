"""A request that the gateway itself breaks off because it is told to stop: how its task is told, and what the client is told."""

import asyncio

from plexus.ir.errors import STATUS_OF, Fault

_STOPPING = "the gateway is stopping"


def interrupt(task: "asyncio.Task[None]") -> None:
    """Break off what this task does for a client; it says so to the client and books it."""
    task.cancel(_STOPPING)


def interruption(gone: asyncio.CancelledError) -> Fault | None:
    """What a cancelled request is told; None when it was cancelled for another reason, usually because the client has left."""
    if gone.args != (_STOPPING,):
        return None
    message = "the gateway is stopping; send the request again in a moment"
    return Fault(kind="unavailable", status=STATUS_OF["unavailable"], message=message, code="stopping", retry_after=1.0)


def called_off(gone: asyncio.CancelledError) -> Fault | None:
    """The same; the task that catches it here may go on."""
    fault, task = interruption(gone), asyncio.current_task()
    if fault is not None and task is not None:
        task.uncancel()
    return fault
