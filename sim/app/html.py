"""Text as HTML: everything that is not ours is escaped, here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def tag(name: str, *inner: str, **attributes: str) -> str:
    """Return an element; `inner` is HTML already (see `text`), attribute values are escaped."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{''.join(inner)}</{name}>"


def text(value: object) -> str:
    """Return a value as text that shows as it is."""
    return escape(str(value))


def table(caption: Sequence[str], heads: Sequence[str], rows: Iterable[Sequence[str]], class_: str, label: str) -> str:
    """Return a table with a caption, column heads and, in each row, a row head first; cells are HTML already."""
    head = tag("thead", tag("tr", *(tag("th", text(words), scope="col") for words in heads)))
    body = (tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows)
    # A wide table scrolls; whoever has no mouse reaches it with the keyboard.
    whole = tag("table", tag("caption", *caption), head, tag("tbody", *body), class_=class_)
    # A wide table scrolls; whoever has no mouse reaches it with the keyboard.
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=label)
