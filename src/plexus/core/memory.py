"""How the interpreter's memory is looked after while requests are served."""

import gc

_YOUNG, _MIDDLE, _OLD = 20_000, 20, 50


def settle() -> None:
    """What start-up made stays for good: keep the collector from walking it again and again while requests are served."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
