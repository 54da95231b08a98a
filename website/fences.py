"""Fenced blocks of a Markdown page, and the lines of its front matter."""

from __future__ import annotations

from typing import NamedTuple

from markdown_it import MarkdownIt


class Fence(NamedTuple):
    """A block: its language, its text, and the line of the page on which the text begins, counted from 1."""

    language: str
    text: str
    line: int


def fences(markdown: str) -> list[Fence]:
    """The blocks of a page in its order."""
    tokens = MarkdownIt().parse(markdown)
    return [
        Fence(token.info.split(" ")[0], token.content, token.map[0] + 2)
        for token in tokens
        if token.type == "fence" and token.map
    ]


def without_front_matter(markdown: str) -> str:
    """The page without the lines between ``---`` at its top."""
    return markdown.split("---\n", 2)[2] if markdown.startswith("---\n") else markdown


def needed_files(markdown: str) -> list[str]:
    """The files that the front matter names in ``needs:``, which some machines lack."""
    front = markdown[: len(markdown) - len(without_front_matter(markdown))]
    lines = [line for line in front.splitlines() if line.startswith("needs:")]
    return lines[0].split()[1:] if lines else []
