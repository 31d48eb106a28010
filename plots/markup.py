"""What was said, in Markdown."""

MARKUP = "\\*_[]<>|"
"""What means something to Markdown, but for code."""


def as_is(said: str, *, code: bool = False) -> str:
    """What was said, on one line, so that Markdown shows it as it is, in a table too; with `code` as far as code goes.

    A server's answer can thus become no markup. Of texts of our own, what stands between backticks may be code, in
    which underscores are not escaped.
    """
    markup = MARKUP.replace("_", "") if code else f"{MARKUP}`"
    escaped = "".join(f"\\{character}" if character in markup else character for character in said)
    return escaped.replace("\n", " ")
