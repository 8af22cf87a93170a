"""What lies where: every file of datasets, runs and studies, with the version of its format.

data/<dataset>/     dataset.json, legend.json, build.json, catalogue.jsonl, realism.json, parts/,
                    joined/
    zones/<zone>/   manifest.json (written last), composite.tif, …, scenes.json
models/<run>/       config.json, status.json, zones.json, epochs.jsonl, worker.log, the model's own
                    files
    predictions/    <zone>.tif, <zone>.parquet, predicted.jsonl
    scores/         scores.json, confusions.parquet, calibration.parquet
    elsewhere/<dataset>/  predictions/, scores/ and calibration.json of another dataset
    season/<day>/   what it says by that day: predictions/, scores/ and calibration.json again
    season/without.json: what is lost with each period under cloud
models/studies/<study>/  config.json, status.json, folds/<n>/ (a run each), trials/<n>.json
models/reports/<report>/  order.json, status.json; report.html and .pdf, or of an audit audit.json,
                          frame.parquet, sample.csv and .gpkg, answers.csv, certificate.json and .html
data/cropdash.db    decisions, names of runs, who did what; or a team's PostgreSQL instead
"""

from __future__ import annotations

import os
from pathlib import Path

from cropdash.domain import NAME
from cropdash.files.records import Form
from cropdash.storage import audit_shapes, shapes

# A dataset
DATASET = Form("dataset.json", kind=shapes.Dataset)
LEGEND, BUILD = Form("legend.json", kind=shapes.Legend), Form("build.json")
REALISM = Form("realism.json", kind=shapes.Realism)
OPTIMISM = Form("optimism.json", kind=shapes.Optimism)
CATALOGUE = "catalogue.jsonl"  # what is known of each zone: one row an event
ZONES, PARTS = "zones", "parts"  # folders: finished zones; periods of a zone that is being built
JOINED = "joined"  # folder: tables of many zones in few files, made from theirs (`files.joined`)

PLACE = Form("place.json", kind=shapes.Place)  # in incoming/<name>/: what was found around a place

# A zone
MANIFEST = Form("manifest.json", 3, kind=shapes.Manifest)
SCENES = Form("scenes.json", kind=shapes.Scenes)  # that were read, where a source lists them
ZONE_LOCK = "build.lock"
COMPOSITE, CLEAR_DATES, LABELS = "composite.tif", "clear_dates.tif", "labels.tif"
LAYERS, LAST_CROP = "layers.tif", "last_crop.tif"  # where they are given
PARCELS, SERIES = "parcels.parquet", "series.parquet"
BEYOND = "beyond.parquet"  # parcels in sight that belong to another zone

# A worker's folder: a dataset's, a run's or a study's
STATUS = Form("status.json")
WORKER_LOCK, STOP, LOG = "worker.lock", "stop", "worker.log"

# A run
RUN, CLASSES = Form("config.json", kind=shapes.Record), Form("classes.json")
CALIBRATION = Form("calibration.json", kind=shapes.Calibration)
STACK = Form("stack.json", kind=shapes.Stack)
SIDES, TAUGHT = Form("zones.json"), Form("decisions.json", kind=shapes.Taught)
EPOCHS, APPLICABILITY = "epochs.jsonl", "applicability.npz"
PREDICTIONS, SCORES_FOLDER = "predictions", "scores"
AROUND = "around"  # folder beside the predictions: pixels of zones that have a margin, with it
EDGES = "edges"  # folder beside the predictions: what each zone says of parcels on its edge
PREDICTED = "predicted.jsonl"  # of which weights and data each zone's prediction is
ELSEWHERE = "elsewhere"  # folders of what it says of other datasets, by their name
ASKED = Form("asked.json")  # of which weights and data a day's predictions are
WITHOUT = Form("without.json", kind=shapes.Without)  # in SEASON: what a period under cloud costs
SEASON = "season"  # folder of what a run says before its season is over
SCORES = Form("scores.json")
CONFUSIONS, DECIDED = "confusions.parquet", "calibration.parquet"

# Beside the datasets
DATABASE, DATABASE_LOCK = "cropdash.db", ".cropdash.db.lock"

# A study
STUDIES = "studies"  # beside the runs, and no run itself
STUDY_SCORES = Form("scores.json", kind=shapes.FoldScores)
FOLDS, TRIALS = "folds", "trials"
FOLD_PARCELS = "parcels.parquet"
TRIAL_VERSION = 1  # of trials/<n>.json
FOLD_DONE = Form("finished.json", kind=shapes.Finished)  # of a fold of a trial

# A report
REPORTS = "reports"  # beside the runs, and no run itself
ORDER = Form("order.json", kind=shapes.Ordered)
REPORT_PAGE, REPORT_PDF = "report.html", "report.pdf"
AUDIT, CERTIFICATE = (
    Form("audit.json", kind=audit_shapes.Audit),
    Form("certificate.json", kind=audit_shapes.Certificate),
)
CERTIFICATE_PAGE = "certificate.html"
FRAME, ANSWERS = "frame.parquet", "answers.csv"  # all parcels of an audit; what was found of some
SAMPLE_CSV, SAMPLE_OUTLINES = "sample.csv", "sample.gpkg"  # to be filled in
RETURNED = ("returned.csv", "returned.gpkg")  # what a page was given: one of them


def datasets(data: Path) -> tuple[str, ...]:
    """Datasets that have a description, by name, whether it can be read or not."""
    if not data.is_dir():
        return ()
    named = (path for path in data.iterdir() if NAME.fullmatch(path.name))
    return tuple(sorted(p.name for p in named if os.path.lexists(DATASET.of(p))))
