"""How sure a trained model may be, and how it is bent for rare classes: fitted on held-out zones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash.classify.classifier import Classifier
from cropdash.domain import IGNORE, Float, Sample
from cropdash.evaluate import backoff, calibration, conformal, parcels

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
    of the sets and of the answers by group by parcels. Without a labelled parcel that the model
    can name nothing is changed.
    """
    config = classifier.config
    pixels, fields = _said(classifier, held_out, np.random.default_rng(config.seed))
    if not fields.named.any():
        return Calibration()
    fitted = Calibration(tuple(prior.tolist()), zones=_ids(held_out))
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
    sure = fitted.of_parcels(fields.said)
    return replace(
        fitted,
        threshold=conformal.fit_threshold(sure, fields.truth, COVERAGE),
        back_off=backoff.choose_threshold(sure, fields.truth, config.sure),
    )


@dataclass(frozen=True, eq=False)
class _Told:
    said: Float  # (N, K)
    truth: NDArray[np.int64]  # (N,)

    @property
    def named(self) -> NDArray[np.bool_]:
        """(N,) True where the model could have named the truth."""
        able: NDArray[np.bool_] = self.said[np.arange(len(self.truth)), self.truth] > 0
        return able


def _said(
    classifier: Classifier, held_out: Sequence[Sample], rng: np.random.Generator
) -> tuple[_Told, _Told]:
    """What the model says of labelled pixels and parcels of the zones, and what is declared."""
    by_pixel: list[_Told] = []
    by_parcel: list[_Told] = []
    for sample in held_out:
        probabilities = classifier.predict_proba(sample.cube)  # (K, H, W)
        by_pixel.append(_some_pixels(sample, probabilities, rng))
        by_parcel.append(_parcels(sample, probabilities))
    return _joined(by_pixel), _joined(by_parcel)


def _some_pixels(sample: Sample, probabilities: Float, rng: np.random.Generator) -> _Told:
    crop = sample.labels.crop.ravel()
    there = np.flatnonzero((crop > 0) & (crop != IGNORE))
    chosen = rng.permutation(there)[:_PIXELS]
    flat = probabilities.reshape(len(probabilities), -1)
    return _Told(flat[:, chosen].T, crop[chosen].astype(np.int64))


def _parcels(sample: Sample, probabilities: Float) -> _Told:
    ids, crop = sample.labels.parcel_id, sample.labels.crop
    means = parcels.parcel_probabilities(probabilities, ids)
    found, first = np.unique(ids, return_index=True)
    truth = crop.ravel()[first][np.searchsorted(found, means.ids)]
    mapped = (truth > 0) & (truth != IGNORE)
    return _Told(means.probabilities[mapped], truth[mapped].astype(np.int64))


def _joined(parts: Sequence[_Told]) -> _Told:
    if not parts:
        return _Told(np.zeros((0, 1), np.float32), np.zeros(0, np.int64))
    return _Told(
        np.concatenate([part.said for part in parts]),
        np.concatenate([part.truth for part in parts]),
    )


def _ids(samples: Sequence[Sample]) -> tuple[str, ...]:
    return tuple(sample.zone.zone_id for sample in samples)
