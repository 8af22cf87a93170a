"""The drawings of docs/concepts and docs/architecture.md, made by what they explain.

    python -m docs.drawings

Intervals, temperatures, thresholds, limits and parcels in them are computed by cropdash's own functions
on small invented numbers; what imports what is read from the rules that the tests hold.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from cropdash import evaluate, legend
from cropdash.evaluate import applicability, calibration, conformal, uncertainty

OUT = Path(__file__).resolve().parent / "concepts"
INK, GREY, PALE = "#1c211e", "#6b736e", "#dfe5e0"
GREEN, BLUE, ORANGE = "#2f6b3a", "#2b6cb0", "#d9730d"
LOOK = {
    "svg.fonttype": "none", "svg.hashsalt": "cropdash", "font.family": "sans-serif", "font.size": 10,
    "font.sans-serif": ["DejaVu Sans", "Roboto", "Helvetica", "Arial", "sans-serif"],
    "axes.edgecolor": GREY, "axes.labelcolor": INK, "text.color": INK, "xtick.color": GREY,
    "ytick.color": GREY, "axes.spines.top": False, "axes.spines.right": False,
}  # fmt: skip


def main(folder: Path = OUT) -> None:
    """Write every drawing into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for draw in DRAWINGS:
        with mpl.rc_context(LOOK):
            figure = draw()
            path = folder / f"{draw.__name__}.svg"
            figure.savefig(path, metadata={"Date": None, "Creator": None}, bbox_inches="tight")


def panels(n: int = 1, width: float = 7.0, height: float = 2.9) -> tuple[Figure, list[Axes]]:
    """A figure with `n` panels side by side."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(1, n, squeeze=False)[0])


def blank(axes: Axes, width: float, height: float) -> None:
    """No axes, squares as squares, the origin above."""
    axes.set(xlim=(-0.1, width + 0.1), ylim=(height + 0.1, -0.1), aspect="equal")
    axes.axis("off")


def splits() -> Figure:
    """Zones as wholes: learned from, held out within the training, test."""
    figure, (axes,) = panels(width=7, height=3)
    blank(axes, 14.4, 6)
    for column in range(8):
        for row in range(5):
            test, held = row == 4, (column + row) % 5 == 0 and row < 4
            colour = ORANGE if test else "#9cc0e4" if held else PALE
            place = (column * 1.15, row * 1.15)
            axes.add_patch(Rectangle(place, 1, 1, facecolor=colour, edgecolor="white"))
        axes.text(column * 1.15 + 0.5, -0.2, f"region {column + 1}", ha="center", fontsize=6)
    axes.add_patch(Rectangle((5.0, 4.3), 0.8, 0.5, facecolor="none", edgecolor=INK, lw=1.4))
    axes.annotate("a parcel across two zones\nbelongs to one of them", (5.8, 4.55), (9.7, 4.35),
                  arrowprops={"arrowstyle": "-", "color": GREY}, fontsize=8, va="center")  # fmt: skip
    told = (
        (PALE, "learned from"),
        ("#9cc0e4", "held out: when to stop, calibration"),
        (ORANGE, "test: scored once"),
    )
    for row, (colour, words) in enumerate(told):
        axes.add_patch(Rectangle((9.7, 0.2 + row), 0.5, 0.5, facecolor=colour))
        axes.text(10.4, 0.45 + row, words, va="center", fontsize=8)
    return figure


def units() -> Figure:
    """The same answers counted by pixel and by parcel."""
    parcels = np.zeros((8, 14), np.int32)
    parcels[1:7, 1:6], parcels[1:4, 7:13], parcels[5:7, 7:9] = 1, 2, 3
    truth = {1: 1, 2: 2, 3: 2}
    rng = np.random.default_rng(6)
    right = np.where(rng.random(parcels.shape) < 0.72, 0.8, 0.3).astype(np.float32)
    right[parcels == 3] = 0.2
    layers = np.full((3, *parcels.shape), 0.0, np.float32)
    for parcel, crop in truth.items():
        inside = parcels == parcel
        layers[crop][inside], layers[3 - crop][inside] = right[inside], 1 - right[inside]
    means = evaluate.parcel_probabilities(layers, parcels)
    said = dict(
        zip(means.ids, evaluate.parcel_decisions(means.probabilities).predicted, strict=True)
    )
    pixel = layers.argmax(axis=0)
    figure, (left, middle) = panels(2, 7.4, 2.6)
    wanted = np.vectorize(lambda p: truth.get(p, 0))(parcels)
    decided = np.vectorize(lambda p: said.get(p, 0))(parcels)
    inside = parcels > 0
    sizes = {p: int((parcels == p).sum()) for p in truth}
    hits = [p for p in truth if said[p] == truth[p]]
    by_area = sum(sizes[p] for p in hits) / sum(sizes.values())
    for axes, shown in ((left, pixel), (middle, decided)):
        blank(axes, 14, 8)
        for y, x in np.argwhere(inside):
            good = shown[y, x] == wanted[y, x]
            axes.add_patch(
                Rectangle(
                    (x, y),
                    1,
                    1,
                    facecolor=GREEN if good else ORANGE,
                    alpha=0.75,
                    edgecolor="white",
                    lw=0.6,
                )
            )
    share = (pixel == wanted)[inside].mean()
    left.set_title(f"by pixel: {share:.2f} right", fontsize=9)
    middle.set_title(
        f"by parcel: {len(hits)} of {len(truth)} right; by hectare: {by_area:.2f}", fontsize=9
    )
    return figure


def levels() -> Figure:
    """Classes within groups within families, of the French legend."""
    wanted = ("winter_wheat", "winter_rye", "spring_wheat", "maize", "vineyard", "olive", "pear")
    classes = [c for c in legend.load().classes if c.name in wanted]
    classes.sort(key=lambda c: (c.family, c.group))
    figure, (axes,) = panels(width=7, height=2.9)
    blank(axes, 12, len(classes) - 0.4)
    rows = {"family": (0.0, 3.0), "group": (3.6, 3.0), "label": (7.2, 4.6)}
    for level, (x, width) in rows.items():
        axes.text(x, -0.7, {"label": "class"}.get(level, level), fontsize=8, color=GREY)
        names = [c.label() if level == "label" else str(getattr(c, level)) for c in classes]
        for name in dict.fromkeys(names):
            held = [i for i, each in enumerate(names) if each == name]
            top, bottom = held[0] - 0.35, held[-1] + 0.35
            axes.add_patch(
                FancyBboxPatch(
                    (x, top + 0.1),
                    width,
                    bottom - top - 0.2,
                    boxstyle="round,pad=0.05",
                    facecolor=PALE,
                    edgecolor=GREY,
                    lw=0.6,
                )
            )
            axes.text(
                x + width / 2,
                (top + bottom) / 2,
                name.replace("_", " "),
                ha="center",
                va="center",
                fontsize=8,
            )
    axes.set_ylim(len(classes) - 0.3, -1)
    return figure


def denominators() -> Figure:
    """Which cells of a matrix a score counts."""
    names = ["background", "wheat", "maize", "beet", "lupin"]
    figure, (axes,) = panels(width=7, height=3.2)
    blank(axes, 12, 6)
    for row in range(5):
        for column in range(5):
            colour = "#f1f1f1" if row == 0 else "#9bbf9f" if row == column else "#f2c79d"
            hatch = "////" if row == 4 else None
            axes.add_patch(
                Rectangle(
                    (2.2 + column, 1 + row), 1, 1, facecolor=colour, edgecolor="white", hatch=hatch
                )
            )
        axes.text(2.1, 1.5 + row, names[row], ha="right", va="center", fontsize=8)
        axes.text(2.7 + row, 0.85, names[row], ha="left", va="bottom", fontsize=8, rotation=35)
    notes = (
        (1.5, "declared as no crop: counted only with background switched in"),
        (2.5, "right"), (3.5, "wrong; named background as well"),
        (5.5, "never learned from: wrong in any case, unless left out"),
    )  # fmt: skip
    for y, words in notes:
        axes.text(7.6, y, words, va="center", fontsize=8)
    axes.text(0, 3.5, "declared", rotation=90, va="center", fontsize=8, color=GREY)
    axes.set_xlim(-0.2, 14.5)
    axes.set_ylim(6.1, -0.9)
    return figure


def intervals() -> Figure:
    """The score without one zone at a time, and the interval that follows."""
    rng = np.random.default_rng(3)
    zones = {}
    for zone in range(6):
        rate = 0.55 + 0.35 * rng.random()
        truth = np.repeat(np.arange(1, 4), (60, 30, 8))
        said = np.where(rng.random(truth.size) < rate, truth, rng.integers(1, 4, truth.size))
        zones[f"zone {zone + 1}"] = evaluate.confusion(truth, said, 4, unit="parcel")
    found = uncertainty.intervals(zones, rng=rng)["macro_f1"]
    counts = np.stack([c.counts for c in zones.values()])
    without = uncertainty.METRICS["macro_f1"](counts.sum(axis=0) - counts)
    figure, (axes,) = panels(width=7, height=2.6)
    axes.scatter(without, np.arange(6), color=BLUE, zorder=3)
    axes.axvline(found.value, color=GREEN, lw=1.5)
    axes.axvspan(found.low, found.high, color=GREEN, alpha=0.14)
    axes.set(
        yticks=range(6),
        yticklabels=[f"without {name}" for name in zones],
        xlabel="macro F1",
        ylim=(5.6, -0.9),
    )
    axes.text(
        found.low,
        -0.45,
        f" {found.value:.3f}, 95 %: {found.low:.3f} to {found.high:.3f}",
        fontsize=9,
    )
    return figure


def calibrated() -> Figure:
    """Confidence beside truth, before and after a temperature."""
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 5, 6000)
    logits = rng.normal(0, 1, (6000, 5))
    logits[np.arange(6000), truth] += 1.6
    said = np.exp(2.4 * logits)
    said /= said.sum(axis=1, keepdims=True)
    fitted = calibration.fit_temperature(said[:3000], truth[:3000])
    figure, axes = panels(2, 6.4, 2.9)
    for ax, name, now in (
        (axes[0], "as the model says", said),
        (axes[1], f"temperature {fitted:.2f}", calibration.scale(said, fitted)),
    ):
        top, right = now[3000:].max(axis=1), now[3000:].argmax(axis=1) == truth[3000:]
        table = uncertainty.reliability(top, right).dropna()
        ax.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls="--")
        ax.plot(table["confidence"], table["accuracy"], color=GREEN, marker="o", ms=4)
        error = uncertainty.calibration_error(top, right)
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="confidence", ylabel="share right")
        ax.set_title(f"{name}: error {error:.3f}", fontsize=9)
    return figure


def class_sets() -> Figure:
    """Where the threshold lies, and the set of one parcel."""
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 4, 400)
    logits = rng.normal(0, 1, (400, 4))
    logits[np.arange(400), truth] += 2.2
    said = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    threshold = conformal.fit_threshold(said, truth, 0.9)
    of_truth = np.sort(said[np.arange(400), truth])
    figure, (left, right) = panels(2, 7.2, 2.7)
    left.plot(np.arange(400) / 4, of_truth, color=GREEN)
    left.axhline(threshold, color=ORANGE)
    left.axvspan(0, 10, color=ORANGE, alpha=0.15)
    left.text(12, threshold - 0.09, f"threshold {threshold:.2f}: a tenth lies below", fontsize=8)
    left.set(
        xlabel="held-out parcels [%], in order",
        ylabel="probability of what was declared",
        ylim=(0, 1),
    )
    names, chances = ["wheat", "barley", "rye", "maize"], np.array([[0.52, 0.3, 0.12, 0.06]])
    held = conformal.class_sets(chances, threshold)[0]
    right.barh(names, chances[0], color=[GREEN if h else PALE for h in held])
    right.axvline(threshold, color=ORANGE)
    right.set(xlabel="probability, one parcel", xlim=(0, 1))
    right.invert_yaxis()
    right.set_title(
        "its set: " + ", ".join(n for n, h in zip(names, held, strict=True) if h), fontsize=9
    )
    return figure


def applicable() -> Figure:
    """Training parcels, the limit around them, and new parcels inside and outside."""
    rng = np.random.default_rng(4)
    centres = np.array([[0.3, 0.3], [0.55, 0.45], [0.42, 0.6]])
    zones = np.repeat(np.arange(3), 16)
    values = centres[zones] + rng.normal(0, 0.06, (48, 2))
    area = applicability.fit(values, (values[:, 0] > 0.42).astype(int), zones, rng)
    new = np.array([[0.45, 0.42], [0.8, 0.72], [0.22, 0.52]])
    far = area.dissimilarity(new)
    figure, (axes,) = panels(width=6, height=3.2)
    scaled = (values - area.mean) / area.scale
    x, y = np.meshgrid(np.linspace(-5.5, 6.5, 80), np.linspace(-2.8, 2.8, 50))
    around = area.dissimilarity(np.stack([x, y], axis=-1).reshape(-1, 2) * area.scale + area.mean)
    axes.contourf(x, y, around.reshape(x.shape), levels=[0, 1], colors=[GREEN], alpha=0.15)
    axes.scatter(*scaled.T, s=7, color=GREEN)
    for (x, y), d in zip((new - area.mean) / area.scale, far, strict=True):
        axes.scatter(x, y, s=45, color=ORANGE if d > 1 else BLUE, zorder=4)
        words = f"{d:.1f}: not applicable" if d > 1 else f"{d:.1f}: applicable"
        above = -38 if d < 1 and x > 0 else 26  # where no training parcel lies
        axes.annotate(words, (x, y), (-24, above), textcoords="offset points", fontsize=8,
                      arrowprops={"arrowstyle": "-", "color": GREY, "lw": 0.6}, zorder=3)  # fmt: skip
    axes.set(xlabel="first column of the season, scaled", ylabel="second column", aspect="equal")
    return figure


def architecture() -> Figure:
    """The parts from the edge to the core; each imports what stands below it."""
    rows = (
        ("what people use", ["pages", "ui", "cli", "api"]),
        ("use cases", ["workflow", "jobs", "reports"]),
        ("on disk", ["storage"]),
        ("data in", ["ingest", "simulate"]),
        ("computing, without disk or net", ["prepare", "classify", "evaluate", "figures"]),
        ("known to all", ["domain", "settings", "legend", "i18n", "files"]),
    )
    figure, (axes,) = panels(width=7.2, height=3.6)
    blank(axes, 14.5, 6.6)
    for y, (words, names) in enumerate(rows):
        axes.add_patch(Rectangle((0, y * 1.1), 14.4, 0.95, facecolor="#f4f6f4", edgecolor="none"))
        axes.text(0.15, y * 1.1 + 0.48, words, va="center", fontsize=8, color=GREY)
        for i, name in enumerate(names):
            axes.add_patch(
                FancyBboxPatch(
                    (5.3 + i * 1.83, y * 1.1 + 0.2),
                    1.5,
                    0.55,
                    boxstyle="round,pad=0.06",
                    facecolor="white",
                    edgecolor=GREEN,
                )
            )
            axes.text(6.05 + i * 1.83, y * 1.1 + 0.48, name, ha="center", va="center", fontsize=8)
    axes.annotate("", (14.75, 6.5), (14.75, 0.1), arrowprops={"arrowstyle": "-|>", "color": INK})
    axes.text(14.95, 3.3, "imports", rotation=270, va="center", fontsize=8)
    axes.set_xlim(-0.1, 15.4)
    return figure


DRAWINGS: tuple[Callable[[], Figure], ...] = (
    splits, units, levels, denominators, intervals, calibrated, class_sets, applicable, architecture,
)  # fmt: skip

if __name__ == "__main__":
    main()
