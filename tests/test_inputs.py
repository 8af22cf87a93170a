"""docs/inputs.md is what the product does with each input now."""

from docs.inputs import __main__ as table
from docs.inputs import land
from docs.inputs.case import Case, declares, seen


def test_every_input_is_right_or_one_sentence_as_the_page_says(tmp_path):
    found = table.looked_at(tmp_path)
    assert not [(one.case.what, one.did) for one in found if not one.is_right]
    assert len(found) >= 60
    said = "run `python -m docs.inputs` and look at what changed"
    assert table.PAGE.read_text(encoding="utf-8") == table.page(found), said


def test_an_input_that_is_built_wrong_or_refused_otherwise_is_seen(tmp_path):
    def make(folder):  # wheat is called maize, and maize wheat
        return land._register(codes={"BTH": "MIS", "MIS": "BTH", "PPH": "PPH"})(folder)[:2]

    assert not seen(Case("x", "", make, "", declares()), tmp_path / "a").is_right
    no_reason = Case("x", "", land._no_file, "refused", said="another reason")
    assert not seen(no_reason, tmp_path / "b").is_right
    built = Case("x", "", land._register(), "refused")
    assert not seen(built, tmp_path / "c").is_right
