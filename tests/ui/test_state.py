"""The selection in the address, on a page of its own."""

import pytest
from streamlit.testing.v1 import AppTest


def a_page():
    from cropdash.ui.shell import address as state

    state.choose("Zone", "zone", ["north", "south"], default="south")


def run(**query: str) -> AppTest:
    app = AppTest.from_function(a_page)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def address(app: AppTest) -> str:
    value = app.query_params["zone"]
    return value[0] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "south"),
        ({"zone": "north"}, "north"),
        ({"zone": "nowhere"}, "south"),
        ({"zone": ""}, "south"),
    ],
)
def test_the_address_leads_if_it_names_an_option(query, expected):
    app = run(**query)
    assert app.selectbox[0].value == expected
    assert address(app) == expected


def test_a_choice_goes_into_the_address():
    app = run(zone="north")
    app.selectbox[0].set_value("south").run()
    assert address(app) == "south"


def test_an_address_that_something_else_changed_moves_the_box():
    app = run(zone="north")
    app.query_params["zone"] = "south"
    app.run()
    assert app.selectbox[0].value == "south"
