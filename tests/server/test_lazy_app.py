"""Apps that are loaded once the server listens."""

import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from pbf.server.lazy_app import LazyApp, background_loading, collect_garbage_less_often


def test_an_app_is_loaded_once_at_its_first_request():
    callers, loads = 8, []
    ready = threading.Barrier(callers)

    def load():
        loads.append("loaded")
        return Response("here")

    app = LazyApp(load)

    def ask(_: int) -> str:
        ready.wait()
        return Client(app).get("/").text

    assert loads == []
    with ThreadPoolExecutor(callers) as pool:
        assert list(pool.map(ask, range(callers))) == ["here"] * callers
    assert loads == ["loaded"]


def test_loading_an_app_is_retried_after_a_failure():
    tries = []

    def load():
        tries.append("tried")
        if len(tries) == 1:
            raise ImportError("not yet")
        return Response("here")

    app = LazyApp(load)

    with pytest.raises(ImportError):
        app.load()

    assert Client(app).get("/").text == "here"


def test_background_loading_restores_the_interpreter_even_after_an_error():
    interval, seen = sys.getswitchinterval(), []

    def fail() -> None:
        with background_loading():
            seen.append((gc.isenabled(), sys.getswitchinterval() < interval))
            raise ImportError("not there")

    with pytest.raises(ImportError):
        fail()

    assert seen == [(False, True)]
    assert gc.isenabled()
    assert sys.getswitchinterval() == interval
    gc.unfreeze()


def test_reading_a_list_of_connectors_starts_no_search_for_garbage():
    thresholds, objects = gc.get_threshold(), []
    gc.set_threshold(700, 10, 10)  # Python's own; those of the tests are higher
    try:
        collect_garbage_less_often()
        gc.collect()
        before = [generation["collections"] for generation in gc.get_stats()]
        objects += [[number] for number in range(3_000)]

        assert [generation["collections"] for generation in gc.get_stats()] == before
    finally:
        gc.set_threshold(*thresholds)
