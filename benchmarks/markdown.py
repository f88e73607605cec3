"""Tables and footnotes in Markdown."""

import re

NOTE_LENGTH = 240


def table(lines):
    """Markdown of rows of cells, the first one the header."""
    head, *body = [f"| {' | '.join(map(str, line))} |" for line in lines]
    return "\n".join([head, "|---" * len(lines[0]) + "|", *body])


def footnote(text, notes):
    """Reference to a note with this text, added if it is new; places of files are left out."""
    text = re.sub(r"\s*\(/[^)]*\)", "", " ".join(text.split()))
    if len(text) > NOTE_LENGTH:
        text = text[:NOTE_LENGTH] + " …"
    if text not in notes:
        notes.append(text)
    return f"[^{notes.index(text) + 1}]"


def footnotes(notes):
    """The notes, in order."""
    return "\n".join(f"[^{n}]: {note}" for n, note in enumerate(notes, 1))
