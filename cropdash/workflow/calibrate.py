"""How sure a trained model may be, and how it is bent for rare classes: fitted on held-out zones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cropdash.classify.classifier import Classifier
from cropdash.domain import IGNORE, Cube, Float, Sample
from cropdash.evaluate import backoff, calibration, conformal, parcels, smoothing

COVERAGE = 0.9  # share of parcels whose set of classes holds the declared one
_PIXELS = 20_000  # a zone: enough for two numbers, few enough to stay in memory


@dataclass(frozen=True)
class Calibration:
    """What is done to a model's probabilities before anyone sees them."""

    prior: tuple[float, ...] = ()  # (K,) shares of the training pixels
    tau: float = 0.0  # strength of the post-hoc adjustment
    pixel_temperature: float = 1.0
    parcel_temperature: float = 1.0
    threshold: float | None = None  # from which on a class is in a parcel's set
    back_off: float | None = None  # below which a parcel is answered with its group
    zones: tuple[str, ...] = ()  # that it was fitted on; never test zones

    def of_pixels(self, probabilities: Float) -> Float:
        """(K, H, W), adjusted and scaled."""
        bent = self._adjusted(probabilities, axis=0)
        return calibration.scale(bent, self.pixel_temperature, axis=0)

    def of_parcels(self, probabilities: Float) -> Float:
        """(P, K) means of the model's own pixel probabilities, adjusted and scaled."""
        return calibration.scale(self._adjusted(probabilities, axis=-1), self.parcel_temperature)

    def _adjusted(self, probabilities: Float, axis: int) -> Float:
        if not self.tau:
            return probabilities
        return calibration.adjust(probabilities, np.asarray(self.prior), self.tau, axis)

    def to_json(self) -> dict[str, Any]:
        """Its fields by name, to be kept on disk."""
        return asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Calibration:
        """The calibration of a run; of one that has none, what changes nothing."""
        known: dict[str, Any] = dict(values)
        for name in {"prior", "zones"} & known.keys():
            known[name] = tuple(known[name])
        return Calibration(**known)


def fit(
    classifier: Classifier, held_out: Sequence[Sample], prior: NDArray[np.float64]
) -> Calibration:
    """What the classifier's settings ask for, fitted on zones that it did not learn from.

    The adjustment is chosen by pixels, a temperature by pixels and one by parcels, the thresholds
    of the sets and of the answers by group by parcels, of which all zones count alike. Without a labelled parcel that the model
    can name nothing is changed.
    """
    config = classifier.config
    pixels, fields = _said(classifier, held_out, np.random.default_rng(config.seed))
    if not fields.named.any():
        return Calibration()
    zones = tuple(sample.zone.zone_id for sample in held_out)
    fitted = Calibration(tuple(prior.tolist()), zones=zones)
    if config.adjustment:
        tau = calibration.fit_adjustment(pixels.said, pixels.truth, prior)
        fitted = replace(fitted, tau=tau)
    if not config.calibration:
        return fitted
    fitted = replace(
        fitted,
        pixel_temperature=calibration.fit_temperature(
            fitted.of_pixels(pixels.said.T).T, pixels.truth
        ),
        parcel_temperature=calibration.fit_temperature(
            fitted.of_parcels(fields.said), fields.truth
        ),
    )
    sure, alike = fitted.of_parcels(fields.said), calibration.zone_weights(fields.zones)
    return replace(
        fitted,
        threshold=conformal.fit_threshold(sure, fields.truth, COVERAGE, alike),
        back_off=backoff.choose_threshold(sure, fields.truth, config.sure, alike),
    )


class _Told(NamedTuple):
    said: Float  # (N, K)
    truth: NDArray[np.int64]  # (N,)
    zones: NDArray[np.int64]  # (N,) number of the zone

    @property
    def named(self) -> NDArray[np.bool_]:
        """(N,) True where the model could have named the truth."""
        able: NDArray[np.bool_] = self.said[np.arange(len(self.truth)), self.truth] > 0
        return able


def _said(
    classifier: Classifier, held_out: Sequence[Sample], rng: np.random.Generator
) -> tuple[_Told, _Told]:
    """What the model says of labelled pixels and parcels of the zones, and what is declared."""
    nothing = np.zeros(0, np.int64)
    empty = _Told(np.zeros((0, 1), np.float32), nothing, nothing)
    told: list[tuple[_Told, _Told]] = []
    for i, sample in enumerate(held_out):
        probabilities = classifier.predict_proba(sample.cube)  # (K, H, W)
        at = some_pixels(sample, _PIXELS, rng)
        shown = of_map(classifier, probabilities, sample.cube)
        flat, crop = shown.reshape(len(shown), -1), sample.labels.crop.ravel()
        means = parcels.parcel_probabilities(probabilities, sample.labels.parcel_id)
        truth = parcels.declared(sample.labels, means.ids)
        mapped = (truth > 0) & (truth != IGNORE)
        by_parcel = _Told(means.probabilities[mapped], truth[mapped], np.full(mapped.sum(), i))
        by_pixel = _Told(flat[:, at].T, crop[at].astype(np.int64), np.full(len(at), i))
        told.append((by_pixel, by_parcel))
    pixels, fields = zip(*told, strict=True) if told else ((empty,), (empty,))
    return _joined(pixels), _joined(fields)


def of_map(classifier: Classifier, probabilities: Float, cube: Cube) -> Float:
    """(K, H, W) that the map shows: smoothed along fields, unless the settings are against it."""
    able = {"B4", "B8"} <= set(cube.bands)  # NDVI tells fields apart
    return (
        smoothing.smoothed(probabilities, cube.ndvi)
        if classifier.config.smoothing and able
        else probabilities
    )


def some_pixels(sample: Sample, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Flat positions of at most n pixels with a mapped crop, drawn at random."""
    crop = sample.labels.crop.ravel()
    return rng.permutation(np.flatnonzero((crop > 0) & (crop != IGNORE)))[:n]


def _joined(parts: Sequence[_Told]) -> _Told:
    return _Told(*(np.concatenate(each) for each in zip(*parts, strict=True)))
