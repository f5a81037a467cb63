"""``python -m jupyter_lifecycle.executors.dask_cluster 2``: a cluster until stdin closes."""

from __future__ import annotations

import logging
import sys


def main(workers: int) -> None:
    """Run a scheduler and its workers; write its address, and end with the parent.

    Parameters
    ----------
    workers : int
        Number of worker processes, each with one thread.
    """
    import dask
    import distributed

    settings = {
        # Nobody asked for a page, and a fixed port would be taken the second time.
        "distributed.dashboard.link": "",
        "distributed.diagnostics.nvml": False,
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            worker_dashboard_address=None,
            silence_logs=logging.CRITICAL,
        ) as cluster,
    ):
        # A worker that dies while it starts is given up by whoever minds it; others take its place.
        cluster.adapt(minimum=workers, maximum=workers, interval="1s")
        sys.stdout.write(f"{cluster.scheduler_address}\n")
        sys.stdout.flush()
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main(int(sys.argv[1]))
