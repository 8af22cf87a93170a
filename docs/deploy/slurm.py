"""A dask cluster on SLURM for `cropdash build` and `predict`; started on the login node, left running.

    pip install dask-jobqueue
    python slurm.py 40        # workers at most; prints the address for --scheduler

Every node sees the same folders (`CROPDASH_DATA`, `CROPDASH_MODELS`) and the same virtual environment.
Certificates are those that dask's own settings name for scheduler, workers and clients
(`distributed.comm.tls`, see docs/security.md), in a file that all nodes see.
"""

import sys
import time

from dask_jobqueue import SLURMCluster
from distributed.security import Security

cluster = SLURMCluster(
    queue="normal",  # partition
    account="my-project",
    cores=1,  # one zone at a time: memory is told a zone
    processes=1,
    memory="4GB",
    walltime="04:00:00",
    # A zone is begun only while there is time to end it; what a job that ends leaves is done again.
    worker_extra_args=["--lifetime", "225m", "--lifetime-stagger", "10m"],
    job_script_prologue=["export OMP_NUM_THREADS=1"],
    protocol="tls://",
    security=Security(),
    scheduler_options={"port": 8786, "dashboard_address": None},
)
cluster.adapt(minimum=1, maximum=int(sys.argv[1]))  # jobs that end are asked for anew
print(cluster.scheduler_address, flush=True)
while True:
    time.sleep(60)
