"""One training of trees in several processes, each of which holds the rows of its own zones.

XGBoost adds up the processes' histograms of each node, so all grow the same trees, as by
`xgboost.dask`; who takes part is said by torchrun's variables, as for the network.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
from numpy.typing import NDArray
from xgboost import collective
from xgboost.core import XGBoostError
from xgboost.tracker import RabitTracker

from cropdash.classify import processes
from cropdash.classify.xgboost.settings import XgbConfig


@contextmanager
def joined(config: XgbConfig) -> Iterator[None]:
    """Within it trees are grown by all processes of the training.

    Raises ConfigError if they are not there, and RuntimeError if one of them ends before its time.
    """
    processes.check(config)
    if config.processes == 1:
        yield
        return
    host, number = socket.gethostbyname(os.environ["MASTER_ADDR"]), processes.rank(config)
    try:
        with _port_of(host, config.processes, number) as (tracker, port):
            with collective.CommunicatorContext(
                dmlc_tracker_uri=host,
                dmlc_tracker_port=port,
                dmlc_task_id=f"{number:06d}",  # processes are numbered in this order
            ):
                yield
            if tracker is not None:
                tracker.wait_for()
    except XGBoostError as error:
        raise RuntimeError(str(error)) from error


def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of every process's `values`; themselves where there is one process."""
    if not collective.is_distributed():
        return values
    total: NDArray[np.float64] = collective.allreduce(values, collective.Op.SUM)
    return total.reshape(values.shape)


def any_of(mine: bool) -> bool:
    """True in every process if `mine` is in one: they stop together or wait for ever."""
    return bool(summed(np.array([mine], np.float64))[0] > 0)


@contextmanager
def _port_of(host: str, many: int, number: int) -> Iterator[tuple[RabitTracker | None, int]]:
    """XGBoost's own meeting point, which the first process opens and tells the others of.

    They are told by torch, which knows the way by torchrun's variables; its connections stay open
    meanwhile, as closing them also closed the tracker's in the first process.
    """
    from torch import distributed, tensor

    distributed.init_process_group("gloo")
    tracker, port = None, tensor(0)
    try:
        if number == 0:
            tracker = RabitTracker(n_workers=many, host_ip=host, sortby="task")
            tracker.start()
            port = tensor(int(tracker.worker_args()["dmlc_tracker_port"]))
        distributed.broadcast(port, 0)
        yield tracker, int(port)
    finally:
        if tracker is not None:
            with suppress(XGBoostError):  # it still waits for those that are gone
                tracker.free()
        distributed.destroy_process_group()
