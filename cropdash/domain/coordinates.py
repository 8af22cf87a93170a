"""A place as people write it: degrees, minutes and seconds, letters, decimal commas, addresses."""

from __future__ import annotations

import re
import unicodedata

from cropdash.domain.errors import ConfigError

_LONGEST = 200  # letters
_MINUS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_MARKS = (  # as they are typed: of degrees, seconds, minutes; two marks of minutes are one of seconds
    (re.compile(r"[\u00ba\u02da]|\bdeg(rees?)?\b|(?<=\d)\s*d(?=[\d\s])"), "°"),
    (re.compile(r"[\u2018\u2019\u00b4\u02b9\u02bc\u2032`]"), "'"),
    (re.compile(r"[\u201c\u201d\u02ba\u2033]|''"), '"'),
)
_SIDES = {
    "N": "n north nord norte", "S": "s south sud süd sur sul",
    "E": "e east est ost este leste", "W": "w west ouest oeste ovest",
}  # fmt: skip
_LETTER = {word: side for side, words in _SIDES.items() for word in words.split()}
_LABEL = re.compile(r"\b(lat(?:itude)?|l(?:on|ng|ong)(?:itude)?)\b['\"]?\s*[:=]?", re.IGNORECASE)
_WELL_KNOWN = re.compile(r"\s*point\s*z?\s*\(\s*(\S+)\s+(\S+?)(?:\s+\S+)?\s*\)\s*", re.IGNORECASE)
_ADDRESSES = (  # of a map, or of a place on it
    re.compile(r"geo:(-?[\d.]+),(-?[\d.]+)(?:[,;?].*)?", re.IGNORECASE),
    re.compile(r"https?://\S*@(-?[\d.]+),(-?[\d.]+)(?:,\S*)?", re.IGNORECASE),
    re.compile(r"https?://\S*#map=[\d.]+/(-?[\d.]+)/(-?[\d.]+)(?:&\S*)?", re.IGNORECASE),
)
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_PARTS = (  # of one angle: with marks, or degrees alone, or minutes and seconds between spaces
    rf"(?P<d>{_NUMBER})\s*°\s*(?:(?P<m>\d+(?:\.\d+)?)\s*'\s*)?(?:(?P<s>\d+(?:\.\d+)?)\s*\"\s*)?",
    rf"(?P<d>{_NUMBER})",
    r"(?P<d>\d+)\s+(?P<m>\d+(?:\.\d+)?)(?:\s+(?P<s>\d+(?:\.\d+)?))?",
)
_ANGLES = tuple(
    re.compile(form)
    for part, least in zip(_PARTS, ("?", "?", ""), strict=True)
    for form in (rf"(?P<side>[NSEW]){least}\s*{part}", rf"{part}\s*(?P<side>[NSEW]){least}")
)
_GAP = r"\s*[,;/|]\s*|\s+|(?<=[NSEW])(?=[\d+-])|(?<=\d)(?=[NSEW])|(?<=['\"°])(?=[\d+-])"


def place(text: str) -> tuple[float, float]:
    """Latitude and longitude [degrees] of a place; latitude first, unless letters say otherwise.

    "48.45, 1.49", "48,45 1,49", "48°27'N 1°29'E", "E 1.49 N 48.45", "POINT (1.49 48.45)" and
    addresses of maps. Raises ConfigError with one sentence for what is no place or may be two.
    """
    if len(text) <= _LONGEST:
        for address in _ADDRESSES:
            if found := address.fullmatch(text.strip()):
                return _checked(_one(found[1]), _one(found[2]), text)
        if found := _WELL_KNOWN.fullmatch(text):
            return _checked(_one(found[2]), _one(found[1]), text)
    ways = _ways(_plain(text)) if len(text) <= _LONGEST else set()
    if len(ways) != 1:
        raise ConfigError(
            "{a} is no place, or may be several: give latitude and longitude in degrees, such as"
            " 48.45,1.49 or 48°27'N 1°29'E.",
            a=repr(text[:60]),
        )
    return _checked(*ways.pop(), text)


def _one(text: str) -> float:
    return float(text) if re.fullmatch(_NUMBER, text) else float("nan")


def _checked(lat: float, lon: float, text: str) -> tuple[float, float]:
    if -90 <= lat <= 90 and -180 <= lon <= 180:
        return lat, lon
    raise ConfigError(
        "{a} is no place in degrees: latitude comes first, from -90 to 90, then longitude, from"
        " -180 to 180.",
        a=repr(text[:60]),
    )


def _plain(text: str) -> str:
    """The text with one sign for each mark, a point before decimals, letters for words."""
    text = unicodedata.normalize("NFC", text).translate(_MINUS).strip().strip("()[]{}").strip()
    for mark, sign in _MARKS:
        text = mark.sub(sign, text)
    text = _by_label(text)
    if "." not in text and _has_decimal_commas(text):
        text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    return re.sub(r"[^\W\d_]+", _letter, text)


def _letter(word: re.Match[str]) -> str:
    if word[0].lower() == "o":
        raise ConfigError("O is west in French and east in German: write W or E.")
    return _LETTER.get(word[0].lower(), word[0].lower())


def _by_label(text: str) -> str:
    """What stands behind "lat" and "lon", latitude first, without these words."""
    labels = list(_LABEL.finditer(text))
    if {label[1][:2].lower() for label in labels} not in ({"la", "lo"}, {"la", "ln"}):
        return text
    one, other = labels[0], labels[-1]
    if len(labels) != 2 or text[: one.start()].strip("\"' {"):
        return text
    parts = [text[one.end() : other.start()], text[other.end() :]]
    parts = parts if one[1].lower().startswith("la") else parts[::-1]
    return "; ".join(part.strip(" ,;/|\"'}") for part in parts)


def _has_decimal_commas(text: str) -> bool:
    """Whether commas between digits stand before decimals: where something else parts the two."""
    commas = len(re.findall(r"(?<=\d),(?=\d)", text))
    rest = re.sub(r"(?<=\d),(?=\d)", "", text)
    return 0 < commas <= 2 and bool(re.search(r"\d[^\d]+\d", rest))


def _ways(text: str) -> set[tuple[float, float]]:
    """Every place that the text may mean."""
    found = set()
    for gap in re.finditer(_GAP, text):
        for one in _angles(text[: gap.start()]):
            for other in _angles(text[gap.end() :]):
                sides = one[1] + other[1]
                if sides == "" or ({*sides} & {*"NS"} and {*sides} & {*"EW"}):
                    first = one if sides[:1] in ("", "N", "S") else other
                    found.add((first[0], (other if first is one else one)[0]))
    return found


def _angles(text: str) -> list[tuple[float, str]]:
    """Degrees, and the letter of their side or "", in every way in which the text is an angle."""
    found = []
    for form in _ANGLES:
        if match := form.fullmatch(text.strip()):
            said = {name: value or "" for name, value in match.groupdict().items()}
            minutes, seconds = (float(said.get(name) or 0) for name in "ms")
            degrees, side = said["d"], said["side"]
            if minutes >= 60 or seconds >= 60 or (side and degrees[0] in "+-"):
                continue
            if said.get("m") and "." in degrees:  # as half a degree and half an hour of it
                continue
            size = abs(float(degrees)) + minutes / 60 + seconds / 3600
            found.append((-size if degrees[0] == "-" or side in ("S", "W") else size, side))
    return found
