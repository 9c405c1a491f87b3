"""Measures one of Python's executors, and prints what it found as one line of JSON.

python peers.py EXECUTOR WORKERS [--quick]
"""

import concurrent.futures
import json
import multiprocessing
import os
import platform
import sys
import threading
import time

KB, MB = 1_000, 1_000_000


# The tasks. A spawned process imports them from this file.


def nothing():
    pass


def echo(data):
    return data


def spin():
    while True:
        pass


def crash():
    os._exit(1)


def busy():
    time.sleep(0.2)


# The executors: how one is made, and what it cannot do.


class Executor:
    version = platform.python_version()
    # Whether it goes on after one of its processes has crashed.
    survives = False
    cannot_stop = "never: cancel() of a running task returns False"
    payload_remark = None
    crash_remark = "the pool breaks: every pending task is lost, and another pool is made"

    def make(self, workers):
        raise NotImplementedError

    def submit(self, pool, function, *args):
        return pool.submit(function, *args)

    def close(self, pool):
        pool.shutdown()


class Processes(Executor):
    def __init__(self, method):
        self.context = multiprocessing.get_context(method)

    def make(self, workers):
        return concurrent.futures.ProcessPoolExecutor(workers, mp_context=self.context)


class Threads(Executor):
    cannot_stop = "never: a thread cannot be stopped"
    crash_remark = "an exception only: a crash ends the whole process"
    payload_remark = "nothing is copied"
    survives = True

    def make(self, workers):
        return concurrent.futures.ThreadPoolExecutor(workers)


class Loky(Executor):
    def __init__(self):
        import loky

        self.loky, self.version = loky, loky.__version__

    def make(self, workers):
        return self.loky.ProcessPoolExecutor(workers)


class Pebble(Executor):
    survives = True
    cannot_stop = None
    crash_remark = None

    def __init__(self):
        import importlib.metadata
        import pebble

        self.pebble, self.version = pebble, importlib.metadata.version("pebble")

    def make(self, workers):
        return self.pebble.ProcessPool(max_workers=workers)

    def submit(self, pool, function, *args):
        return pool.schedule(function, args=args)

    def close(self, pool):
        pool.close()
        pool.join()


EXECUTORS = {
    "CPython processes, fork": (lambda: Processes("fork"), None),
    "CPython processes, spawn": (lambda: Processes("spawn"), None),
    "CPython threads": (Threads, None),
    "loky": (Loky, "pip install loky"),
    "pebble": (Pebble, "pip install pebble"),
}


def timed(run):
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def proportional_bytes():
    """What this process and all that come from it take of main memory."""

    def of(process):
        with open(f"/proc/{process}/smaps_rollup") as file:
            own = next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
        children = []
        for thread in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{thread}/children") as file:
                children += file.read().split()
        return own + sum(map(of, children))

    return of("self")


class Measurement:
    def __init__(self, executor, workers, quick):
        self.executor, self.workers, self.quick = executor, workers, quick
        self.figures = []

    def note(self, measure, values, remark=None):
        self.figures.append({"measure": measure, "values": values, "remark": remark})

    def submit(self, pool, function, *args):
        return self.executor.submit(pool, function, *args)

    def run(self):
        self.idle_worker()
        pool = self.executor.make(self.workers)
        self.latency(pool)
        self.throughput(pool)
        self.payloads(pool)
        self.executor.close(pool)
        self.fresh()
        self.stop()
        self.recover()
        return self.figures

    def latency(self, pool):
        run = lambda: self.submit(pool, nothing).result()
        for _ in range(20):
            run()
        self.note("round-trip", [timed(run) for _ in range(100 if self.quick else 500)])

    def throughput(self, pool):
        tasks = 2_000 if self.quick else 10_000

        def run():
            futures = [self.submit(pool, nothing) for _ in range(tasks)]
            for future in futures:
                future.result()

        run()
        self.note("throughput", [tasks / timed(run) for _ in range(3)])

    def payloads(self, pool):
        for measure, size, count in [
            ("payload1-kb", KB, 100),
            ("payload1-mb", MB, 10),
            ("payload64-mb", 64 * MB, 2 if self.quick else 5),
        ]:
            data = bytes(i % 251 for i in range(MB)) * max(1, size // MB)
            data = data[:size]
            run = lambda: self.submit(pool, echo, data).result()
            run()
            self.note(measure, [timed(run) for _ in range(count)], self.executor.payload_remark)

    def fresh(self):
        def run():
            pool = self.executor.make(1)
            self.submit(pool, nothing).result()
            self.executor.close(pool)

        self.note(
            "fresh-worker",
            [timed(run) for _ in range(3 if self.quick else 10)],
            "a pool of one for each task",
        )

    def stop(self):
        if self.executor.cannot_stop:
            self.note("stop-runaway", [], self.executor.cannot_stop)
            return
        pool = self.executor.make(1)
        self.submit(pool, nothing).result()
        values = []
        for _ in range(3 if self.quick else 10):
            endless = self.submit(pool, spin)
            while not endless.running():
                time.sleep(0.001)
            time.sleep(0.05)

            def run():
                endless.cancel()
                self.submit(pool, nothing).result()

            values.append(timed(run))
        self.executor.close(pool)
        self.note("stop-runaway", values)

    def recover(self):
        values = []
        pool = self.executor.make(1)
        self.submit(pool, nothing).result()
        for _ in range(3 if self.quick else 10):

            def run():
                nonlocal pool
                crashed = self.submit(pool, fail if isinstance(self.executor, Threads) else crash)
                if not self.executor.survives:
                    crashed.exception()
                    pool = self.executor.make(1)
                self.submit(pool, nothing).result()

            values.append(timed(run))
        self.executor.close(pool)
        self.note("recover", values, self.executor.crash_remark)

    def idle_worker(self):
        more = 8
        one = self.executor.make(1)
        self.submit(one, busy).result()
        before = proportional_bytes()
        many = self.executor.make(1 + more)
        for future in [self.submit(many, busy) for _ in range(1 + more)]:
            future.result()
        self.executor.close(one)
        after = proportional_bytes()
        self.executor.close(many)
        self.note("idle-worker", [max(0, after - before) / more])


def fail():
    raise RuntimeError("crash")


def main():
    name, workers = sys.argv[1], int(sys.argv[2])
    make, install = EXECUTORS[name]
    try:
        executor = make()
    except ImportError as error:
        missing = f"{error}; {install}" if install else str(error)
        print(json.dumps({"name": name, "missing": missing}))
        return
    figures = Measurement(executor, workers, "--quick" in sys.argv).run()
    print(json.dumps({"name": name, "version": executor.version, "figures": figures}))


if __name__ == "__main__":
    main()
