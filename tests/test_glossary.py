"""The pages say one thing by one word: docs/glossary.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import words

SENTENCES = sorted(words.said())
GLOSSARY = Path(__file__).resolve().parents[1] / "docs" / "glossary.md"
SENTENCES = sorted(words.said())
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| word", "| ---"))
]
AVOIDED = [(row[0], word.strip()) for row in ROWS for word in row[2].split(",") if word.strip()]


def test_the_glossary_is_read() -> None:
    assert len(ROWS) > 10
    assert all(len(row) == 4 for row in ROWS)
    assert ("download", "Take home") in AVOIDED


@pytest.mark.parametrize(("word", "avoided"), AVOIDED)
def test_a_page_says_the_word_of_the_glossary(word: str, avoided: str) -> None:
    whole = re.compile(rf"\b{re.escape(avoided)}\b")
    said = [sentence for sentence in SENTENCES if whole.search(sentence)]
    assert not said, f"say '{word}' instead"
