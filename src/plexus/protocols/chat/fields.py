"""Every field of the request, with a sample of each, for the table of what becomes of it elsewhere.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from plexus.protocols import Field

MINIMAL = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}

FIELDS: tuple[Field, ...] = ()
