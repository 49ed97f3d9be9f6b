"""An attribute that is worked out when it is first asked for. As `functools.cached_property`, without its lock."""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class lazy(Generic[Value]):  # noqa: N801 - used as a decorator, like `property`
    """For objects that one thread uses. The value lies in the object's `__dict__` from then on."""

    def __init__(self, work_out: Callable[[Any], Value]) -> None:
        """`work_out` is the method it decorates."""
        self._work_out, self._name = work_out, work_out.__name__
        self.__doc__ = work_out.__doc__

    @overload
    def __get__(self, owner: None, kind: type[Any]) -> Self: ...
    @overload
    def __get__(self, owner: object, kind: type[Any]) -> Value: ...
    def __get__(self, owner: object | None, kind: type[Any]) -> Self | Value:
        """The value; the decorator itself when asked of the class."""
        if owner is None:
            return self
        value = owner.__dict__[self._name] = self._work_out(owner)
        return value
