#!/usr/bin/env python3
"""What others feel while twenty callers run one expensive read: makes a house of N cases (default 20,000) in one organ, then for
each expensive route lets twenty callers (four users) ask for ten seconds, while a clerk of another organ reads a page of cases and
the front desk files applications. Prints p50, p99 and refusals of the others, what became of the callers' requests, and the memory
of the service before, at most, and a minute after the last route.

    cargo build --release
    tests/bench/heavy_reads.py target/release/gongkai [--cases N] [--seconds S] [--postgres postgres://USER@HOST/NEW_DATABASE]
"""
import argparse
import concurrent.futures
import csv
import json
import multiprocessing
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

PASSWORD = "Rain-2026-xy"
SUBJECTS = ["某地块征收土地批复", "补偿安置方案", "建设用地规划许可证", "环境影响评价文件", "财政预算支出明细", "某路段交通事故认定档案"]


def rows(count):
    """Cases of two years; every tenth still open."""
    for number in range(1, count + 1):
        year, day = (2025, number % 300) if number % 10 else (2026, 240 + number % 60)
        received = time.strftime("%Y-%m-%d", time.gmtime(time.mktime((year, 1, 2 + day, 12, 0, 0, 0, 0, 0))))
        replied = "" if year == 2026 else time.strftime("%Y-%m-%d", time.gmtime(time.mktime((year, 1, 12 + day, 12, 0, 0, 0, 0, 0))))
        yield [f"依申请〔{year}〕{number}号", received, "当面", "自然人", f"申请人{number % 900}",
               f"公开{SUBJECTS[number % 6]}，编号{number % 2000}，涉及第{number % 37}村的全部材料、附图和审批记录", f"第{number % 12 + 1}科",
               replied, "予以公开" if replied else ""]


class Service:
    """A service on a new database with two organs."""

    def __init__(self, program, postgres, directory):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.program, self.directory = program, directory
        self.environment = dict(os.environ, GONGKAI_DATABASE_URL=postgres or f"sqlite:{directory}/bench.db",
                                GONGKAI_BIND=f"127.0.0.1:{self.port}", GONGKAI_LOG__LEVEL="error")
        if postgres:
            self.environment.update(GONGKAI_SECURITY__TOKEN_SECRET=secrets.token_hex(32), GONGKAI_SECURITY__SEALING_KEY=secrets.token_hex(32))

    def run(self, *arguments, stdin=None):
        done = subprocess.run([self.program, *arguments], cwd=self.directory, env=self.environment, input=stdin, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{arguments}: {done.stdout[-300:]} {done.stderr[-300:]}")

    def fill(self, count):
        """Organs, users and the ledger."""
        for organ, name in (("a", "甲局"), ("b", "乙局")):
            self.run("init", "--organ", organ, "--name", name)
        people = [(f"s{n}", "a", "supervisor") for n in range(4)] + [(f"k{n}", "a", "clerk") for n in range(4)]
        people += [("other", "b", "clerk"), ("window", "b", "intake")]
        for username, organ, role in people:
            self.run("user", "add", "--username", username, "--name", username, "--organ", organ, "--role", role, "--password-stdin", stdin=PASSWORD + "\n")
        path = os.path.join(self.directory, "ledger.csv")
        with open(path, "w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow("受理编号 收到日期 申请方式 申请人类型 申请人 申请内容 承办科室 答复日期 处理结果".split())
            writer.writerows(rows(count))
        self.run("ledger", "import", path, "--organ", "a")

    def __enter__(self):
        self.process = subprocess.Popen([self.program, "serve"], cwd=self.directory, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            if self.ask("/health/live")[0] == 200:
                return self
            time.sleep(0.05)
        raise SystemExit("the service did not start")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(40)

    def memory(self):
        """Resident memory, MiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024

    def ask(self, path, token=None, body=None, key=None):
        """Status and milliseconds; status 0 without an answer."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = "Bearer " + token
        if key:
            headers["Idempotency-Key"] = key
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode() if body is not None else None, headers)
        began = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                self.last = answer.read()
                status = answer.status
        except urllib.error.HTTPError as error:
            error.read()
            status = error.code
        except OSError:
            status = 0
        return status, (time.monotonic() - began) * 1000

    def token(self, username):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1/auth/token",
                                         json.dumps({"username": username, "password": PASSWORD}).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["access_token"]


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] if times else float("nan")


def application(organ, number):
    return {"organ_id": organ, "title": f"某信息{number}", "request": f"公开某信息{number}", "channel": "in_person",
            "submitted_on": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600 - 86400)),
            "applicant": {"kind": "natural_person", "name": "王小明", "contact": {"telephone": "13800138000", "address": "某市某路1号"}},
            "delivery": {"form": "paper", "way": "post", "accepts_other": True}}


def measure(service, attack, others, seconds):
    """Twenty callers of `attack` beside the others; what each got."""
    stop = threading.Event()
    most = [service.memory()]

    def repeat(one, pause):
        got = []
        while not stop.is_set():
            got.append(one())
            time.sleep(pause)
        return got

    def watch():
        while not stop.is_set():
            most[0] = max(most[0], service.memory())
            time.sleep(0.02)

    def call(results):
        # A process of their own, so that their threads do not slow the clocks of the others.
        threading.Timer(seconds, stop.set).start()
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            callers = [pool.submit(repeat, lambda number=number: attack(number), 0) for number in range(20)]
        results.put([answer for caller in callers for answer in caller.result()])

    results = multiprocessing.Queue()
    attackers = multiprocessing.Process(target=call, args=(results,))
    if attack:
        attackers.start()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        beside = [pool.submit(repeat, one, 0.02) for one in others]
        pool.submit(watch)
        time.sleep(seconds)
        stop.set()
        attacked = results.get() if attack else []
        return attacked, [one.result() for one in beside], most[0]


def line(name, attacked, beside, most):
    good = [ms for status, ms in attacked if status in (200, 201)]
    refused = sum(status == 503 for status, _ in attacked)
    strange = len(attacked) - len(good) - refused
    cells = [name, f"{len(good)} / {refused}" + (f" ({strange} other)" if strange else ""),
             f"{percentile(good, .5):.0f} / {percentile(good, .99):.0f}" if good else "–"]
    for answers in beside:
        times = [ms for _, ms in answers]
        bad = sum(status not in (200, 201) for status, _ in answers)
        cells.append(f"{percentile(times, .5):.0f} / {percentile(times, .99):.0f}, {bad} of {len(times)}")
    print("| " + " | ".join([*cells, f"{most:.0f}"]) + " |", flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("--cases", type=int, default=20_000)
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--postgres")
    options.add_argument("--only")
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        service = Service(os.path.abspath(options.program), options.postgres, directory)
        service.fill(options.cases)
        with service:
            idle = service.memory()
            supervisors = [service.token(f"s{n}") for n in range(4)]
            clerks = [service.token(f"k{n}") for n in range(4)]
            other, window = service.token("other"), service.token("window")
            service.ask("/api/v1/organs", other)
            organ_b = json.loads(service.last)["items"][0]["id"]
            service.ask("/api/v1/organs", clerks[0])
            organ_a = json.loads(service.last)["items"][0]["id"]
            counter = iter(range(10**9))
            others = [lambda: service.ask("/api/v1/cases?limit=20", other),
                      lambda: service.ask("/api/v1/cases", other, application(organ_b, next(counter)), uuid.uuid4().hex),
                      lambda: service.ask("/health/ready")]
            same = json.loads(json.dumps(application(organ_a, 0)))
            for number in range(400):
                same["request"] = f"公开{SUBJECTS[0]}，编号{number}，涉及全部材料、附图和审批记录" * 8
                service.ask("/api/v1/cases", clerks[0], same, uuid.uuid4().hex)
            case = json.loads(service.last)["id"]
            q = urllib.parse.quote("没有这样的词")
            routes = {
                "nothing": None,
                "`q=` that finds nothing": ("/api/v1/cases?q=" + q, clerks),
                "cases as XLSX": ("/api/v1/cases?format=xlsx&received_until=2025-06-01", clerks),
                "ledger as XLSX": (f"/api/v1/organs/{organ_a}/ledger?format=xlsx&until=2025-06-01", clerks),
                "overview, 23 months": ("/api/v1/supervision/overview?from=2025-01-01", supervisors),
                "overview of a past day": ("/api/v1/supervision/overview?as_of=2025-08-01&from=2025-01-01", supervisors),
                "overdue today": ("/api/v1/overdue", supervisors),
                "overdue on a past day": ("/api/v1/overdue?as_of=2025-08-01", supervisors),
                "topics": ("/api/v1/supervision/topics?from=2025-01-01&until=2025-12-31", supervisors),
                "annual report with previous": (f"/api/v1/reports/annual?organ={organ_a}&year=2025&with_previous=true", supervisors),
                "cells of the annual report": (f"/api/v1/reports/annual/cells?organ={organ_a}&year=2025", supervisors),
                "similar, 400 alike": (f"/api/v1/cases/{case}/similar", clerks),
                "filing for that applicant": "file",
                "openapi.json": ("/api/v1/openapi.json", [None]),
                "metrics": ("/metrics", [None]),
                "health/ready": ("/health/ready", [None]),
            }
            print(f"{options.cases} cases, {'PostgreSQL' if options.postgres else 'SQLite'}; at start {idle:.0f} MiB, signed in and filled {service.memory():.0f} MiB")
            print("| twenty callers of | done / 503 | their p50 / p99 ms | others' read p50 / p99 ms, bad | others' filing | ready | most MiB |")
            print("| --- | --- | --- | --- | --- | --- | --- |")
            for name, route in routes.items():
                if options.only and options.only not in name and route:
                    continue
                if route == "file":
                    attack = lambda number: service.ask("/api/v1/cases", clerks[number % 4], same, uuid.uuid4().hex)
                elif route:
                    attack = lambda number, route=route: service.ask(route[0], route[1][number % len(route[1])])
                else:
                    attack = None
                line(name, *measure(service, attack, others, options.seconds))
            time.sleep(60)
            print(f"a minute after: {service.memory():.0f} MiB")


if __name__ == "__main__":
    main()
