"""How real the simulation is: checks with their bands, beside the real figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.domain.errors import CropdashError
from cropdash.i18n import number, say, sentence
from cropdash.settings import sources
from cropdash.ui.shell import data, identity
from cropdash.ui.shell.literal import told
from cropdash.ui.widgets import chart
from cropdash.ui.widgets import table as widget

_CHECKS = {
    "group": sentence("About"),
    "name": sentence("Check"),
    "verdict": sentence("Verdict"),
    "simulated": sentence("Simulated"),
    "real": sentence("Real"),
    "low": sentence("From"),
    "high": sentence("To"),
    "unit": sentence("Unit"),
    "source": sentence("Real figures from"),
}
Make = Callable[[str], None]  # of a dataset's report, by name
_PASSED, _FAILED = sentence("✓ within"), sentence("✗ outside")


def show(dataset: str, make: Make) -> None:
    """The report of a dataset; or how to make it."""
    report = data.store().realism(dataset)
    if report is None:
        _empty(dataset, make)
        return
    checks = table(report)
    _verdict(checks)
    for reason in report["left_out"]:
        st.caption(say("Left out: {reason}", reason=told(reason)))
    _checks(dataset, checks)
    _maker(dataset, say("Make it again"), make)


def datasets() -> tuple[str, ...]:
    """Datasets that the simulator made."""
    store = data.store()
    names = store.dataset_names()
    return tuple(n for n in names if sources.is_made_up(store.dataset(n).description.source))


def table(report: dict[str, Any]) -> pd.DataFrame:
    """Checks as rows with readable columns, those outside their band first."""
    columns = [name for name in _CHECKS if name != "verdict"]
    checks = pd.DataFrame(report["checks"], columns=[*columns, "passed"], dtype=object)
    passed = checks["passed"].astype(bool)
    numbers = {name: pd.to_numeric(checks[name]) for name in ("simulated", "real", "low", "high")}
    checks = checks.assign(verdict=passed.map({True: _PASSED, False: _FAILED}), **numbers)
    order = passed.argsort(kind="stable")
    return checks[list(_CHECKS)].rename(columns=_CHECKS).iloc[order]


def _empty(dataset: str, make: Make) -> None:
    st.info(
        say("No report yet: it compares this dataset with real figures, check by check."),
        icon=":material/info:",
    )
    _maker(dataset, say("Make the report"), make)
    st.caption(say("Or by this command:"))
    st.code(f"python -m cropdash simulate report --dataset {dataset}", language=None)


def _maker(dataset: str, text: str, make: Make) -> None:
    """A button that makes the report; while a process works on it, a word says so."""
    icon, key = ":material/fact_check:", f"realism:make:{dataset}"
    if not identity.button(text, "report", icon=icon, key=key):
        return
    with st.spinner(say("Comparing with real figures")):
        try:
            make(dataset)
        except CropdashError as error:
            st.error(told(error), icon=":material/error:")
            return
    st.rerun()


def _verdict(checks: pd.DataFrame) -> None:
    passed = checks["Verdict"] == _PASSED
    n, total = number(passed.sum()), number(len(checks))
    st.markdown(say("**{n} of {total} checks** lie within their bands.", n=n, total=total))
    with st.container(horizontal=True):
        for group, inside in passed.groupby(checks["About"], sort=False):
            whole = bool(inside.all())
            st.badge(
                say(
                    "{group}: {n} of {total}",
                    group=say(str(group).capitalize()),
                    n=inside.sum(),
                    total=len(inside),
                ),
                icon=":material/check:" if whole else ":material/close:",
                color="green" if whole else "orange",
            )


def _checks(dataset: str, checks: pd.DataFrame) -> None:
    words = ("About", "Check", "Verdict", "Unit", "Real figures from")
    shown = checks.assign(**{n: [say(str(text)) for text in checks[n]] for n in words})
    config: dict[str, Any] = {name: say(name) for name in _CHECKS.values()}
    figures = dict.fromkeys(("Simulated", "Real", "From", "To"), ",.4g")
    source = "Real figures from"
    config[source] = st.column_config.TextColumn(say(source), width="large")
    widget.show(shown, figures, columns=config, key=f"realism:{dataset}")
    st.caption(say("From and to: the band that the simulated figure is to lie in."))
    chart.button(say("Checks (CSV)"), lambda: checks, dataset, "realism")
