"""Words and numbers inside figures, in English and French."""

from __future__ import annotations

from collections.abc import Sequence

from cropdash.legend import Legend, Level

_TEXTS: dict[str, tuple[str, str]] = {
    "declared": ("Declared", "Déclaré"),
    "predicted": ("Predicted", "Prédit"),
    "other": ("Other: {n} more", "Autres : {n}"),
    "other_hit": ("right or wrong among these", "juste ou faux parmi celles-ci"),
    "share_of": ("{share} of {row}", "{share} de {row}"),
    "count_of": ("{n} of {total} {unit}", "{n} sur {total} {unit}"),
    "row_share": ("Share of what was declared", "Part du déclaré"),
    "better": ("{name} better", "{name} meilleur"),
    "pixel": ("pixels", "pixels"),
    "parcel": ("parcels", "parcelles"),
    "hectare": ("ha", "ha"),
    "support": ("Support", "Effectif"),
    "f1": ("F1 score", "Score F1"),
    "no_data": ("Nothing to show here yet", "Rien à montrer pour l'instant"),
    "epoch": ("Epoch", "Époque"),
    "trees": ("Trees", "Arbres"),
    "loss": ("Loss", "Perte"),
    "scores": ("Validation scores", "Scores de validation"),
    "learning_rate": ("Learning rate", "Taux d'apprentissage"),
    "train_loss": ("Training", "Entraînement"),
    "validation_loss": ("Validation", "Validation"),
    "validation_accuracy": ("Accuracy", "Exactitude"),
    "validation_macro_f1": ("Macro F1", "Macro-F1"),
    "best": ("best", "meilleur"),
    "confidence": ("Mean confidence", "Confiance moyenne"),
    "correct": ("Share correct", "Part correcte"),
    "parcels": ("Parcels", "Parcelles"),
    "perfect": ("As sure as right", "Aussi sûr que juste"),
    "month": ("Month", "Mois"),
    "legend": ("Legend of the map", "Légende de la carte"),
    "play": ("Play the year", "Faire défiler l'année"),
    "pause": ("Pause", "Pause"),
    "waiting": ("Fetching the year…", "Chargement de l'année…"),
    "missing_pictures": ("No pictures came: try again", "Images non reçues : réessayez"),
    "ndvi_from_to": ("NDVI {low} to {high}", "NDVI de {low} à {high}"),
    "more_crops": ("{n} more crops", "{n} autres cultures"),
    "pixels_axis": ("Pixels (log scale)", "Pixels (échelle log)"),
    "hectares_axis": ("Hectares (log scale)", "Hectares (échelle log)"),
    "parcels_axis": ("Parcels (log scale)", "Parcelles (échelle log)"),
    "of_all": ("{share} of all", "{share} du total"),
    "rank_of": ("rank {rank} of {n}", "rang {rank} sur {n}"),
    "train": ("Train zones", "Zones d'entraînement"),
    "test": ("Test zones", "Zones de test"),
    "clear_dates": ("Clear dates", "Dates claires"),
    "filled": ("Filled in", "Comblé"),
    "filled_share": ("{share} of pixels filled in", "{share} des pixels comblés"),
    "share_axis": ("Share of {unit}", "Part ({unit})"),
    "others": ("Other", "Autres"),
    "area_axis": ("Parcel area [ha] (log scale)", "Surface de la parcelle [ha] (échelle log)"),
    "number_axis": ("Number of parcels", "Nombre de parcelles"),
    "median_of": ("median {value} ha", "médiane {value} ha"),
    "reflectance": ("Reflectance {band}", "Réflectance {band}"),
    "share_of_pixels": ("Share of pixels [%]", "Part des pixels [%]"),
    "share_of_parcels": ("Share of parcels [%]", "Part des parcelles [%]"),
    "all_parcels": ("All parcels", "Toutes les parcelles"),
    "band_of": ("{name}: 10–90 % of parcels", "{name} : 10–90 % des parcelles"),
    "parcel_median": ("{name}: median", "{name} : médiane"),
    "no_clear_date": ("No clear date: filled in", "Aucune date claire : comblé"),
    "observed": ("{share} observed", "{share} observé"),
    "gap": ("no value", "sans valeur"),
}

_MONTHS_FR = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_GROUPS_FR = {
    "unspecified": "Non précisé",
    "vegetable": "Légume",
    "winter_cereal": "Céréale d'hiver",
    "spring_cereal": "Céréale de printemps",
    "summer_cereal": "Céréale d'été",
    "grassland": "Prairie",
    "fallow_buffer": "Jachère et bande tampon",
    "root_crop": "Plante à racine",
    "mixed_crop": "Mélange",
    "oilseed_fibre": "Oléagineux et fibre",
    "grain_legume": "Protéagineux",
    "perennial_industrial": "Culture industrielle pérenne",
    "forage_legume": "Légumineuse fourragère",
    "maize": "Maïs",
    "orchard": "Verger",
    "barley": "Orge",
    "vineyard": "Vigne",
    "arable": "Terre arable",
    "permanent_crop": "Culture permanente",
    "other": "Autre",
}


def say(key: str, language: str = "en", **values: object) -> str:
    """The text of `key`, with its gaps filled."""
    english, french = _TEXTS[key]
    return (french if language == "fr" else english).format(**values)


def group_labels(legend: Legend, level: Level, language: str = "en") -> tuple[str, ...]:
    """Readable names of the groups of a level, in the order of `legend.groups(level)`."""
    if level == "class":
        return tuple(crop.label(language) for crop in legend.classes)
    return tuple(_group_label(name, language) for name in legend.groups(level))


def shorten(label: str, length: int = 26) -> str:
    """A label that fits an axis: without what stands in brackets, then cut at a word."""
    short = label.split(" (")[0]
    if len(short) <= length:
        return short
    cut = short[: length - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;") + "…"


def shorten_all(labels: Sequence[str], length: int = 26) -> list[str]:
    """Short labels that stay apart: where two would be the same, they are cut later."""
    short = [shorten(label, length) for label in labels]
    longest = max(map(len, labels), default=0)
    while length < longest and len(set(short)) < len(set(labels)):
        length += 2
        short = [
            shorten(label, length) if short.count(brief) > 1 else brief
            for label, brief in zip(labels, short, strict=True)
        ]
    return short


def number(value: float, language: str = "en") -> str:
    """Thousands separated as the language does; one decimal for small areas."""
    text = f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:,.1f}"
    if language == "fr":
        return text.replace(",", "\u202f").replace(".", ",")
    return text


def percent(share: float, language: str = "en") -> str:
    """A share as per cent with one decimal: '12.3 %'."""
    text = f"{100 * share:.1f} %"
    return text.replace(".", ",") if language == "fr" else text


def month(period: str, language: str = "en") -> str:
    """'2023-05' as 'May 2023'; whatever the machine's own language is."""
    year, number = period.split("-")
    names = _MONTHS_FR if language == "fr" else _MONTHS_EN
    return f"{names[int(number) - 1]} {year}"


def _group_label(name: str, language: str) -> str:
    if language == "fr" and name in _GROUPS_FR:
        return _GROUPS_FR[name]
    return name.replace("_", " ").capitalize()
