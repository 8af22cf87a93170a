"""Settings of the boosted trees."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cropdash.settings.train import ParallelConfig, RowsConfig


class XgbConfig(RowsConfig, ParallelConfig):
    """Boosted trees on one row per pixel."""

    classifier: Literal["xgboost"] = Field("xgboost", title="Model")
    trees: int = Field(80, ge=1, le=5_000, title="Trees", description="Rounds at most.")
    learning_rate: float = Field(
        0.2, ge=1e-3, le=1, title="Learning rate", description="Shrinkage."
    )
    max_depth: int = Field(4, ge=1, le=16, title="Depth", description="Of a tree.")
    max_bins: int = Field(64, ge=8, le=1024, title="Bins", description="Of a feature's histogram.")
    subsample: float = Field(0.8, gt=0, le=1, title="Rows", description="Share a tree sees.")
    colsample_bytree: float = Field(
        0.5, gt=0, le=1, title="Columns", description="Share a tree sees."
    )
    min_child_weight: float = Field(
        0.02, ge=0, le=1000, title="Least weight of a leaf",
        description="Small values let rare classes have leaves of their own.",
    )  # fmt: skip
    reg_lambda: float = Field(
        4.0, ge=0, le=1000, title="Lambda", description="L2 regularisation of the leaves."
    )
    max_delta_step: float = Field(
        2.0, ge=0, le=100, title="Largest step of a leaf", description="0 = no limit."
    )
    patience: int = Field(
        15, ge=1, le=1000, title="Patience", description="Rounds without a better validation score."
    )
