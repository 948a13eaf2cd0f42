"""Interleaved benchmark of every adapter, each in its own venv and process.

    python runner.py [--only bare-counts,langgraph] [--repeats 5] [--out results]

All workers stay alive; for each graph and repeat they are asked one after the
other, so that a noisy moment on the machine hits all of them alike.
"""
from __future__ import annotations

import argparse
import csv
import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENVS = Path(os.environ.get("PEERBENCH_VENVS", HERE.parent / ".venvs"))
ADAPTERS = json.loads((HERE / "adapters.json").read_text())   # name -> {venv, cls, max}


class Worker:
    def __init__(self, name):
        self.name, self.dead = name, None
        entry = ADAPTERS[name]
        python = VENVS / entry["venv"] / "bin" / "python"
        (HERE / "logs").mkdir(exist_ok=True)
        env = {**os.environ, "PYTHONPATH": str(HERE), **entry.get("env", {})}
        self.process = subprocess.Popen(
            [python, HERE / "worker.py", entry["cls"]], env=env,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=open(HERE / "logs" / f"{name}.err", "w"), text=True, bufsize=1,
            start_new_session=True)

    def ask(self, limit=60, **request):
        if self.dead:
            return {"error": self.dead}
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.dead = "worker died"
            return {"error": self.dead}
        if not select.select([self.process.stdout], [], [], limit)[0]:
            self.stop(f"over {limit} s")
            return {"error": self.dead}
        line = self.process.stdout.readline()
        if not line:
            self.stop("worker died")
            return {"error": self.dead}
        return json.loads(line)

    def stop(self, why="stopped"):
        self.dead = why
        try:
            os.killpg(self.process.pid, signal.SIGKILL)     # and servers that it started
        except ProcessLookupError:
            pass
        self.process.wait()


def allowed(name, shape, size):
    limit = ADAPTERS[name].get("max", {})
    return size <= limit.get(shape, limit.get("any", 10 ** 9))


def noop_table(names, sizes, shapes, repeats, limit, path):
    rows, workers, seconds = [], {n: Worker(n) for n in names}, {}
    for worker in workers.values():
        worker.ask(limit=limit, op="bench", graph="layered-10", mode="noop", inner=2)   # warm up
    for shape in shapes:
        for size in sizes:
            graph = f"{shape}-{size}"
            skip = set()
            for repeat in range(repeats if size < 10000 else min(3, repeats)):
                for name in names:
                    if name in skip or not allowed(name, shape, size):
                        continue
                    before = seconds.get((name, shape, size // 10))
                    growth = max(10, (before or 0) / seconds.get((name, shape, size // 100), 1e9))
                    if size > 100 and (before is None or before * growth > limit):
                        skip.add(name)
                        rows.append(dict(adapter=name, graph=graph, error="skipped: would pass the limit"))
                        continue
                    if workers[name].dead:
                        workers[name] = Worker(name)
                        workers[name].ask(limit=limit, op="bench", graph="layered-10", mode="noop", inner=2)
                    reply = workers[name].ask(limit=limit, op="bench", graph=graph, mode="noop",
                                              inner=max(1, min(5, 300 // size)))
                    rows.append(dict(adapter=name, graph=graph, repeat=repeat, **reply))
                    print(name, graph, repeat, reply, flush=True)
                    if "error" in reply:
                        skip.add(name)
                    else:
                        seconds[name, shape, size] = reply["build_s"] + reply["run_s"]
                        if reply["run_s"] + reply["build_s"] > limit / 6:
                            skip.add(name)      # one repeat is enough for a slow cell
            save(rows, path)
    for worker in workers.values():
        worker.stop()
    return rows


def timed_table(names, graph, mode, repeats):
    rows, workers = [], {n: Worker(n) for n in names}
    for worker in workers.values():
        worker.ask(op="bench", graph="layered-10", inner=1,
                   mode=mode if mode.startswith("sync") else "noop")
    for repeat in range(repeats):
        for name, worker in workers.items():
            reply = worker.ask(op="bench", graph=graph, mode=mode, inner=1)
            rows.append(dict(adapter=name, graph=graph, repeat=repeat, **reply))
            print(name, graph, mode, repeat, reply, flush=True)
    for worker in workers.values():
        worker.stop()
    return rows


def single(names, repeats, op, **request):
    rows = []
    for repeat in range(repeats):
        for name in names:
            worker = Worker(name)
            reply = worker.ask(op=op, **request)
            worker.stop()
            rows.append(dict(adapter=name, repeat=repeat, **reply))
            print(name, op, repeat, reply, flush=True)
    return rows


def import_rows(names, repeats):
    rows, seen = [], set()
    for repeat in range(repeats):
        for name in names:
            entry = ADAPTERS[name]
            modules = entry.get("imports", "")
            if not modules:
                continue
            python = VENVS / entry["venv"] / "bin" / "python"
            took = {}
            for key, code in (("empty", "pass"), ("asyncio", "import asyncio"), ("full", modules)):
                t0 = time.perf_counter()
                subprocess.run([python, "-c", code], check=True, capture_output=True,
                               env={**os.environ, **entry.get("env", {})})
                took[key] = time.perf_counter() - t0
            rows.append(dict(adapter=name, repeat=repeat, import_s=took["full"] - took["empty"]))
    for row in rows:
        if row["adapter"] in seen:
            continue
        seen.add(row["adapter"])
        site = next((VENVS / ADAPTERS[row["adapter"]]["venv"] / "lib").glob("python3*/site-packages"))
        tools = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence", "wheel")
        size = sum(f.stat().st_size for f in site.rglob("*") if f.is_file() and "__pycache__" not in f.parts
                   and not f.relative_to(site).parts[0].startswith(tools))
        row["installed_mb"] = round(size / 1e6, 1)
        row["distributions"] = sum(1 for d in site.glob("*.dist-info") if not d.name.startswith(tools))
    return rows


def save(rows, path):
    keys = list(dict.fromkeys(k for row in rows for k in row))
    with open(path, "w", newline="") as out:
        writer = csv.DictWriter(out, keys)
        writer.writeheader()
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default=",".join(ADAPTERS))
    parser.add_argument("--parts", default="noop,irregular,sync,memory,probe,import")
    parser.add_argument("--sizes", default="10,100,1000,10000")
    parser.add_argument("--shapes", default="chain,fan,layered")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=60)
    parser.add_argument("--out", default="results")
    parser.add_argument("--tag", default="", help="suffix of the result files: noop-TAG.csv")
    args = parser.parse_args()
    args.tag = args.tag and "-" + args.tag
    names = args.only.split(",")
    out = HERE / args.out
    out.mkdir(exist_ok=True)
    parts = args.parts.split(",")
    versions = {}
    for name in names:
        worker = Worker(name)
        versions[name] = worker.ask(op="versions")
        worker.stop()
    (out / f"versions{args.tag}.json").write_text(json.dumps(versions, indent=1))
    print(json.dumps(versions, indent=1), flush=True)
    if "noop" in parts:
        sizes = [int(s) for s in args.sizes.split(",")]
        noop_table(names, sizes, args.shapes.split(","), args.repeats, args.limit, out / f"noop{args.tag}.csv")
    if "irregular" in parts:
        save(timed_table(names, "irregular-8x5", "sleep", args.repeats), out / f"irregular{args.tag}.csv")
    if "sync" in parts:
        save(timed_table(names, "syncfan-16", "sync", args.repeats), out / f"sync{args.tag}.csv")
        save(timed_table(names, "syncfan-16", "sync16", args.repeats), out / f"sync16{args.tag}.csv")
    if "memory" in parts:
        save(single(names, min(3, args.repeats), "memory", graph="layered-1000"), out / f"memory{args.tag}.csv")
    if "probe" in parts:
        rows = single(names, 1, "probe")
        (out / f"probe{args.tag}.json").write_text(json.dumps(rows, indent=1))
    if "import" in parts:
        save(import_rows(names, args.repeats), out / f"import{args.tag}.csv")


if __name__ == "__main__":
    main()
