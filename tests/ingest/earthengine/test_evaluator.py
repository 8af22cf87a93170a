"""The loopback service does what it is asked and refuses what it does not know."""

import ee
import pytest

from cropdash.ingest.earthengine.connect import Client


@pytest.fixture
def open_client(service):
    Client("my-project", service).open()


def test_the_stock_client_computes_values(open_client):
    assert ee.Number(2).add(3).multiply(4).getInfo() == 20
    tens = ee.List.sequence(0, 3).map(lambda n: ee.Number(n).multiply(10))
    assert tens.getInfo() == [0, 10, 20, 30]


def test_what_is_not_modelled_is_refused(open_client):
    with pytest.raises(ee.EEException, match=r"Unknown function 'Number\.sqrt'"):
        ee.Number(2).sqrt().getInfo()
