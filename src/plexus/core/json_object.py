"""The text of one JSON object as it grows, told such that it can be ended at any moment: for wires that take nothing but objects.

A model may leave its text unfinished, or write what is no JSON. What is an object so far goes through as it was written; what
it could have meant beyond that is not guessed.
"""

import re
from typing import Any

from plexus.core.json import JSONError, dumps, loads

_SPACE = re.compile(r"[ \t\n\r]+")
_KEY = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_PLAIN = re.compile(r'[^"\\\x00-\x1f]+')
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_HALF_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?")
_SCALAR = re.compile(r"[-+.0-9A-Za-z]+")
_WHOLE_SCALAR = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_LONGEST = 10_000
"""Characters of a key or number that are waited for until it is whole; a longer one is none."""
_DEEPEST = 256
_CLOSER = {"{": "}", "[": "]"}


class JsonObject:
    """One object in the making. `feed` gives what can be told of it so far, `finish` the rest.

    `mended` says that the text was no object and that what was told differs from it: unfinished, it was closed; what is
    no JSON is told whole, as a text under `input`; what follows the object is left out.
    """

    def __init__(self) -> None:
        """Nothing read yet."""
        self.mended = False
        self._text: list[str] = []
        self._rest = ""  # not yet whole enough to be understood
        self._held = ""  # understood, and told only when a value follows
        self._step = "start"  # what is awaited: start, key, colon, value, string (its end), after, nothing or anything
        self._may_end = False  # whether the innermost object or list is still empty
        self._closers: list[str] = []
        self._members = False
        self._told: list[str] = []

    def feed(self, text: str) -> str:
        """What more can be told now that this was said too."""
        if self._step == "nothing":  # the object is complete
            self.mended |= bool(text.strip(" \t\n\r"))
            return ""
        self._text.append(text)
        text, self._rest, at = self._rest + text, "", 0
        while at < len(text) and self._step not in {"nothing", "anything"}:
            at = self._in_string(text, at) if self._step == "string" else self._between(text, at)
        self.mended |= self._step == "nothing" and bool(text[at:].strip(" \t\n\r"))
        told = "".join(self._told)
        self._told.clear()
        return told

    def finish(self) -> str:
        """What ends the object."""
        if self._step == "nothing":
            return ""
        if not self._closers:
            return self._wrapped("".join(self._text))
        self.mended = True
        if self._step == "value" and _WHOLE_SCALAR.fullmatch(self._rest):
            self._tell(self._rest)
        end = "".join(self._told) + '"' * (self._step == "string") + "".join(reversed(self._closers[1:]))
        if self._step == "anything":
            end += "," * self._members + '"input":' + dumps("".join(self._text)).decode()
        return end + "}"

    def _wrapped(self, text: str) -> str:
        """The object for a text that holds none: nothing for nothing, anything else under `input`."""
        said = bool(text.strip(" \t\n\r"))  # what else Python takes for white space is none in JSON
        try:
            value: Any = loads(text) if said else None
        except (JSONError, UnicodeEncodeError):
            value = text
        self.mended = said
        return "{}" if value is None else '{"input":' + dumps(value).decode() + "}"

    def _tell(self, token: str) -> None:
        self._members |= len(self._closers) == 1
        self._told += (self._held, token)
        self._held = ""

    def _between(self, text: str, at: int) -> int:
        """Read one token outside of strings; where the next begins."""
        space = _SPACE.match(text, at)
        if space is not None:
            self._held += space[0]
            return space.end()
        match self._step:
            case "key" if text[at] == '"':
                return self._key(text, at)
            case "colon" if text[at] == ":":
                self._held += ":"
                self._step, self._may_end = "value", False
            case "after" if text[at] == ",":
                self._held += ","
                self._step, self._may_end = ("key" if self._closers[-1] == "}" else "value"), False
            case "after" | "key" | "value" if self._ends(text[at]):
                self._told += (self._held, self._closers.pop())
                self._held = ""
                self._step = "after" if self._closers else "nothing"
            case "start" | "value":
                return self._value(text, at)
            case _:
                self._step = "anything"
        return at + 1

    def _ends(self, character: str) -> bool:
        return bool(self._closers) and character == self._closers[-1] and (self._may_end or self._step == "after")

    def _key(self, text: str, at: int) -> int:
        whole = _KEY.match(text, at)
        if whole is None:
            return self._wait(text, at)
        self._held += whole[0]
        self._step, self._may_end = "colon", False
        return whole.end()

    def _value(self, text: str, at: int) -> int:
        first = text[at]
        opens = first == "{" or (self._step == "value" and first == "[")
        if opens and len(self._closers) < _DEEPEST:
            self._tell(first)
            self._closers.append(_CLOSER[first])
            self._step, self._may_end = ("key" if first == "{" else "value"), True
            return at + 1
        if self._step == "value" and first == '"':
            self._tell(first)
            self._step = "string"
            return at + 1
        scalar = _SCALAR.match(text, at) if self._step == "value" else None
        if scalar is None:
            self._step = "anything"
            return at
        if scalar.end() == len(text):
            return self._wait(text, at)
        if _WHOLE_SCALAR.fullmatch(scalar[0]) is None:
            self._step = "anything"
            return at
        self._tell(scalar[0])
        self._step = "after"
        return scalar.end()

    def _wait(self, text: str, at: int) -> int:
        """Keep what is not whole yet; when it never can be, it is no JSON."""
        self._rest = text[at:]
        if len(self._rest) > _LONGEST:
            self._step = "anything"
        return len(text)

    def _in_string(self, text: str, at: int) -> int:
        """Read on in a string value. What had to be escaped and was not, is."""
        read = _PLAIN.match(text, at) or _ESCAPE.match(text, at)
        if read is not None:
            self._told.append(read[0])
            return read.end()
        if text[at] == '"':
            self._told.append('"')
            self._step = "after"
        elif _HALF_ESCAPE.fullmatch(text, at) is not None:
            return self._wait(text, at)
        else:
            self.mended = True
            self._told.append("\\\\" if text[at] == "\\" else f"\\u{ord(text[at]):04x}")
        return at + 1


def as_object(text: str) -> tuple[str, bool]:
    """The whole text as one object, and whether it had to be changed for that."""
    try:
        if isinstance(loads(text), dict):
            return text, False
    except (JSONError, UnicodeEncodeError):
        pass
    growing = JsonObject()
    told = growing.feed(text)
    return told + growing.finish(), growing.mended
