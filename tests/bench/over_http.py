#!/usr/bin/env python3
"""What the service costs beside its database: requests a second over HTTP (wrk) as a share of the same work done as bare
statements, in alternating rounds, on a cluster of its own with durable settings. Prints the tables of docs/measurements.md.

    apt-get install wrk postgresql
    cargo build --release
    tests/bench/over_http.py target/release/gongkai [--sqlite] [--against OLDER_BINARY]

On PostgreSQL the bare side is pgbench with the transactions of tests/bench/bare. On SQLite (--sqlite) it is one connection that
repeats the writes of a filing and of a command; which those are is learned from the service itself, by triggers. --against
compares the reads of another build, on a database that it filled itself.
"""
import argparse
import contextlib
import datetime
import glob
import hashlib
import itertools
import json
import os
import pathlib
import pwd
import random
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid

from ledger import rows, write

BARE = pathlib.Path(__file__).resolve().parent / "bare"
PASSWORD = "Rain-2026-xy"
#: Keys for databases that are thrown away.
SEALING_KEY, TOKEN_SECRET = bytes(range(32)).hex(), "a secret of the benchmark, longer than thirty-two bytes"
ORGANS = 20
#: Clients of the reads on SQLite and of the lists whose memory is measured.
CROWD = 16
#: What the bench files is found again by its title.
TITLE = "某地块征收土地批复（压力测试）"
#: An access token lives for fifteen minutes.
SIGN_IN_AGAIN_AFTER = 300
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
#: As src/store/db.rs sets them for the writer.
PRAGMAS = ("busy_timeout = 3000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF",
           "journal_size_limit = 67108864")
TODAY = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def checked(*command, **options):
    """What a command prints; the bench ends with its words when it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def disk_of(path):
    """Type of the file system below a path. What is kept in memory alone cannot be durable."""
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        places = [line.split()[1:3] for line in mounts]
    mine = [(len(place), kind) for place, kind in places if os.path.realpath(path).startswith(place)]
    kind = max(mine)[1]
    if kind in ("tmpfs", "ramfs"):
        sys.exit(f"{path} is on {kind}: give --keep DIR or TMPDIR on a disk")
    return kind


class Cluster:
    """A PostgreSQL of its own that keeps what it acknowledges."""

    def __init__(self, folder):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
        self.bin = pathlib.Path(found[-1] if found else shutil.which("initdb") or sys.exit("no PostgreSQL server is installed")).parent
        self.folder, self.port = folder / "postgres", free_port()
        self.folder.mkdir()
        self.runner = []
        if os.geteuid() == 0:  # the server refuses to run as root
            self.runner = ["runuser", "-u", "postgres", "--"]
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, -1)

    def tool(self, name, *arguments):
        return checked(*self.runner, self.bin / name, *arguments, cwd="/")

    def __enter__(self):
        self.tool("initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        settings = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}",
                    *(f"{name}=on" for name in DURABLE)]
        self.tool("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "start",
                  "-o", " ".join(f"-c {setting}" for setting in settings))
        for name in DURABLE:
            assert self.psql("postgres", f"SHOW {name}") == "on", name
        return self

    def __exit__(self, *_):
        self.tool("pg_ctl", "-D", self.folder / "data", "-m", "fast", "-w", "stop")

    def address(self, database):
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def psql(self, database, *statements):
        """What the last statement gives, members separated by blanks."""
        commands = [part for statement in statements for part in ("-c", statement)]
        return checked(self.bin / "psql", "-XqAt", "-F", " ", "-v", "ON_ERROR_STOP=1", self.address(database), *commands).rstrip("\n")

    def fill_bare(self, cases):
        self.psql("postgres", "CREATE DATABASE ref")
        for name in ("tables.sql", "rows.sql"):
            checked(self.bin / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-v", f"cases={cases}", "-f", BARE / name, self.address("ref"))

    def pgbench(self, name, cases, clients, seconds):
        """Transactions a second of a file of tests/bench/bare."""
        said = checked(self.bin / "pgbench", "-n", "-M", "prepared", "-c", clients, "-j", min(clients, 2), "-T", seconds,
                       "-f", BARE / name, "-D", f"cases={cases}", self.address("ref"))
        failed = re.search(r"^number of failed transactions: (\d+)", said, re.M)
        if failed and int(failed[1]):
            sys.exit(f"{name}: {said}")
        return float(re.search(r"^tps = ([\d.]+)", said, re.M)[1])


class Service:
    """A build with a database: filled by its commands, then served."""

    def __init__(self, program, address, folder, ask):
        self.program, self.folder, self.ask = program, folder, ask
        self.base = f"http://127.0.0.1:{free_port()}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "GONGKAI_DATABASE_URL": address,
            "GONGKAI_BIND": self.base.removeprefix("http://"),
            "GONGKAI_DATABASE__POOL_SIZE": "16",
            "GONGKAI_REMINDERS__ENABLED": "false",
            "GONGKAI_LOG__LEVEL": "warn",
            "GONGKAI_SECURITY__SEALING_KEY": SEALING_KEY,
            "GONGKAI_SECURITY__TOKEN_SECRET": TOKEN_SECRET,
        }
        self.tokens, self.organs = [], []

    def run(self, *arguments, stdin=None):
        checked(self.program, *arguments, env=self.environment, cwd=self.folder, input=stdin)

    def fill(self, cases):
        """Organs below a city, a clerk and a share of the old cases for each."""
        self.run("init", "--organ", "city", "--name", "某市")
        # Each organ has a ledger with numbers of its own: an import refuses numbers far beyond the organ's series.
        path = self.folder / "ledger.csv"
        write(path, list(rows(cases // ORGANS)))
        for number in range(1, ORGANS + 1):
            code = f"b{number:02}"
            self.run("init", "--organ", code, "--name", f"某局{number}", "--parent", "city")
            self.run("user", "add", "--username", f"c{number:02}", "--name", "经办", "--organ", code, "--role", "clerk", "--password-stdin",
                     stdin=PASSWORD + "\n")
            self.run("ledger", "import", path, "--organ", code)
        path.unlink()
        return self

    def __enter__(self):
        self.signed_in = float("-inf")
        with open(self.folder / "service.log", "ab") as log:
            self.process = subprocess.Popen([self.program, "serve"], env=self.environment, cwd=self.folder, stdout=log, stderr=log)
        for _ in range(600):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                self.send("/health/ready", raw=True)
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.__exit__()
        sys.exit(f"{self.program} does not start: {(self.folder / 'service.log').read_text()[-2000:]}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)

    def send(self, path, body=None, token=None, raw=False, **headers):
        headers |= {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.base + path, data, headers), timeout=60) as answer:
                return answer.read() if raw else json.load(answer)
        except urllib.error.HTTPError as error:
            if raw:
                raise
            sys.exit(f"{path}: {error.code} {error.read().decode()}")

    def sign_in(self):
        """Fresh tokens of the clerks, and their organs."""
        if time.monotonic() - self.signed_in > SIGN_IN_AGAIN_AFTER:
            people = [{"username": f"c{number:02}", "password": PASSWORD} for number in range(1, ORGANS + 1)]
            self.tokens = [self.send("/api/v1/auth/token", person)["access_token"] for person in people]
            self.organs = self.organs or [self.send("/api/v1/organs", token=token)["items"][0]["id"] for token in self.tokens]
            self.signed_in = time.monotonic()
        return self.tokens

    def cases(self, condition, count):
        """Some cases: id, version, which of the organs."""
        self.sign_in()
        lines = self.ask(f"SELECT id, version, organ_id FROM cases WHERE {condition} ORDER BY random() LIMIT {count}")
        return [(case, int(version), self.organs.index(organ)) for case, version, organ in lines]

    def memory(self):
        """Resident MiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024

    def wrk(self, job, clients, seconds):
        """Requests a second. One answer that is not 2xx, or none, ends the bench."""
        self.sign_in()
        names = "".join(f"{name} = {{{','.join(map(json.dumps, values))}}}\n" for name, values in (("tokens", self.tokens), ("organs", self.organs)))
        script = self.folder / "wrk.lua"
        script.write_text(names + COUNTING + job(self), encoding="utf-8")
        said = checked("wrk", "-t", 1, "-c", clients, "-d", f"{seconds}s", "--timeout", "30s", "-s", script, self.base)
        counted = re.search(r"^counted (\d+) (\d+) (\d+) (\d+) ?(.*)", said, re.M) or sys.exit(f"{job.__name__}: {said}")
        count, microseconds, bad, unanswered = map(int, counted.groups()[:4])
        if bad or unanswered or not count:
            sys.exit(f"{job.__name__}, {clients} clients: of {count} requests {bad} were not answered by 2xx and {unanswered} not at all; "
                     f"the first: {counted[5]}")
        return count / microseconds * 1e6


#: wrk's own count leaves out 3xx and does not say what was answered.
COUNTING = """
local threads = {}
bad, first = 0, ""
function setup(thread) table.insert(threads, thread) end
function response(status, headers, body)
  if status < 200 or status > 299 then
    bad = bad + 1
    if first == "" then first = status .. " " .. body:gsub("%s+", " ") end
  end
end
function done(summary)
  local bad, first, e = 0, "", summary.errors
  for _, thread in ipairs(threads) do bad, first = bad + thread:get("bad"), first .. thread:get("first") end
  print(string.format("counted %d %d %d %d %s", summary.requests, summary.duration, bad, e.connect + e.read + e.write + e.timeout, first))
end
local function as(organ) return { Authorization = "Bearer " .. tokens[organ], ["Content-Type"] = "application/json" } end
"""

#: The requests of a table, one after the other, made beforehand.
ASKING = """
local ready, n = {}, 0
function init()
  for _, ask in ipairs(asked) do table.insert(ready, wrk.format("GET", ask[1], as(ask[2]))) end
end
function request()
  n = n % #ready + 1
  return ready[n]
end
"""


def lua(value):
    """A value as Lua writes it."""
    if isinstance(value, (list, tuple)):
        return "{" + ",".join(map(lua, value)) + "}"
    return json.dumps(value, ensure_ascii=False)


def get(path):
    """A script that asks for a path as each clerk in turn."""
    return f"asked = {lua([(path, organ) for organ in range(1, ORGANS + 1)])}\n{ASKING}"


def read_one(service):
    cases = service.cases("TRUE", 5000)
    return f"asked = {lua([('/api/v1/cases/' + case, organ + 1) for case, _, organ in cases])}\n{ASKING}"


def list_cases(_):
    return get("/api/v1/cases?limit=50")


def list_overdue(_):
    return get("/api/v1/overdue?limit=50")


def application(organ, number):
    day = datetime.timedelta(days=1)
    return {"organ_id": organ, "title": TITLE, "request": "某地块征收土地的批复文件及附图", "channel": "registered_mail",
            "submitted_on": str(TODAY - 4 * day), "signed_on": str(TODAY - day),
            "applicant": {"kind": "natural_person", "name": f"申请人{number}", "contact": {"telephone": "13900000000", "address": "某市某街2号"}}}


def contact():
    return {"on": str(TODAY), "means": "电话", "result": "reached"}


def file_one(_):
    before, between, after = json.dumps(application("@", "@"), ensure_ascii=False).split("@")
    return f"""
local n, series = 0, {lua(secrets.token_hex(8))}
function request()
  n = n + 1
  local organ = n % #organs + 1
  local headers = as(organ)
  headers["Idempotency-Key"] = series .. "-" .. n
  return wrk.format("POST", "/api/v1/cases", headers, {lua(before)} .. organs[organ] .. {lua(between)} .. n .. {lua(after)})
end
"""


def command_one(service):
    cases = service.cases(f"is_open AND title = '{TITLE}'", 30000)
    if len(cases) < 2 * CROWD:
        sys.exit(f"only {len(cases)} cases were filed: too few to give commands to, take more --seconds")
    return f"""
local cases, n, looked = {lua([(case, version, organ + 1) for case, version, organ in cases])}, 0, false
function request()
  n = n % #cases + 1
  local case = cases[n]
  local headers = as(case[3])
  headers["If-Match"] = '"' .. case[2] .. '"'
  -- The first request is one that wrk looks at and does not send.
  if looked then case[2] = case[2] + 1 end
  looked = true
  return wrk.format("POST", "/api/v1/cases/" .. case[1] .. "/contacts", headers, {lua(json.dumps(contact(), ensure_ascii=False))})
end
"""


READS = (("read one case", read_one, "read.sql"), ("list of 50 cases", list_cases, "list.sql"), ("overdue list of 50", list_overdue, "list.sql"))
WRITES = (("file", file_one, "file.sql"), ("command (contact)", command_one, "command.sql"))


def alternating(rounds, one, other):
    """The medians of both, and median, least and most of the share that `one` is of `other`."""
    pairs = []
    for _ in range(rounds):
        below = other()
        pairs.append((one(), below))
    shares = [above / below for above, below in pairs]
    ones, others = zip(*pairs)
    return statistics.median(ones), statistics.median(others), statistics.median(shares), min(shares), max(shares)


def figure(share):
    """Two digits that mean something."""
    digits = next((digits for digits, least in ((1, 1), (2, .1), (3, .01)) if share >= least), 4)
    return f"{share:.{digits}f}"


def line(*cells):
    print("| " + " | ".join(f"{cell:,.0f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |", flush=True)


def head(*cells):
    print()
    line(*cells)
    line(*["---"] * len(cells))


def compared(what, clients, result):
    one, other, share, least, most = result
    line(what, clients, other, one, figure(share), f"{figure(least)} to {figure(most)}")


class Row:
    """A row that the service wrote, to be written again with other ids."""

    def __init__(self, name, row, ids):
        self.name, self.row = name, row
        self.statement = f"INSERT INTO {name} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
        # Looked for once: the loop shall cost as little as it can beside its statements.
        self.cells = [(column, value, [id for id in ids if id in value] if isinstance(value, str) else []) for column, value in row.items()]

    def values(self, ids, changed):
        return [changed[column] if column in changed else self.text(value, found, ids) for column, value, found in self.cells]

    @staticmethod
    def text(value, found, ids):
        for old in found:
            value = value.replace(old, ids[old])
        return value


class Bare:
    """One SQLite connection that writes what the service writes, without anything around it."""

    def __init__(self, program, path, filled):
        shutil.copy(filled, path)
        self.path = path
        filing, command, self.key, self.case = self.learn(program)
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        for pragma in PRAGMAS:
            self.db.execute(f"PRAGMA {pragma}")
        # Whoever files next: organ and clerk.
        clerks = "SELECT r.organ_id, u.id FROM users u JOIN user_roles r ON r.user_id = u.id WHERE r.role = 'clerk' ORDER BY u.username"
        self.clerks = [tuple(row) for row in self.db.execute(clerks)]
        self.turn = 0
        self.made_by_filing, self.made_by_command = ([row["id"] for act, _, row in trace if act == "INSERT" and "id" in row] for trace in (filing, command))
        template = lambda trace, *ids: [(act, Row(name, row, [*self.clerks[0], *ids])) for act, name, row in trace]
        self.filing = template(filing, self.key, *self.made_by_filing)
        self.command = template(command, self.case, *self.made_by_command)

    def learn(self, program):
        """The rows that a filing and a command write, by triggers that note them while the service does each."""
        db = sqlite3.connect(self.path, isolation_level=None)
        db.row_factory = sqlite3.Row
        tables = [name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        db.execute("CREATE TABLE bench_trace (nr INTEGER PRIMARY KEY, act TEXT, name TEXT, row INTEGER)")
        for act, name in itertools.product(("INSERT", "UPDATE", "DELETE"), tables):
            row = "OLD" if act == "DELETE" else "NEW"
            db.execute(f"CREATE TRIGGER bench_{act}_{name} AFTER {act} ON {name} BEGIN "
                       f"INSERT INTO bench_trace (act, name, row) VALUES ('{act}', '{name}', {row}.rowid); END")

        def traced(what):
            """What is written meanwhile: act, table and row."""
            since = db.execute("SELECT max(nr) FROM bench_trace").fetchone()[0]
            answer = what()
            found = db.execute("SELECT act, name, row FROM bench_trace WHERE nr > ? ORDER BY nr", (since,)).fetchall()
            return answer, [(act, name, dict(db.execute(f"SELECT * FROM {name} WHERE rowid = ?", (row,)).fetchone() or {})) for act, name, row in found]

        with Service(program, f"sqlite:{self.path}", self.path.parent, None) as service:
            token = service.sign_in()[0]
            time.sleep(5)  # what the service does at its start is over

            def file_and_contact(number):
                key = f"bench-{number}"
                filed, filing = traced(lambda: service.send("/api/v1/cases", application(service.organs[0], number), token, **{"Idempotency-Key": key}))
                path, match = f"/api/v1/cases/{filed['id']}/contacts", {"If-Match": f'"{filed["version"]}"'}
                _, command = traced(lambda: service.send(path, contact(), token, **match))
                return filing, command, key, filed["id"]

            (*before, _, _), learned = file_and_contact(1), file_and_contact(2)
        kinds = lambda traces: [[(act, name) for act, name, _ in trace] for trace in traces]
        if kinds(before) != kinds(learned[:2]):
            sys.exit(f"two filings and commands do not write the same: {kinds(before)} {kinds(learned[:2])}")
        unknown = [known for trace in kinds(learned[:2]) for known in trace if known[0] != "INSERT" and known != ("UPDATE", "cases")]
        if unknown:
            sys.exit(f"the bare loop cannot repeat {unknown}")
        for act, name in itertools.product(("INSERT", "UPDATE", "DELETE"), tables):
            db.execute(f"DROP TRIGGER bench_{act}_{name}")
        db.execute("DROP TABLE bench_trace")
        db.close()
        return learned

    def said(self):
        """The writes, in words."""
        words = lambda trace: ", ".join(f"{act.lower()} {name}" + (f" ×{many}" if (many := len(list(same))) > 1 else "")
                                        for (act, name), same in itertools.groupby((act, row.name) for act, row in trace))
        return f"A filing writes: {words(self.filing)}. A command writes: {words(self.command)}."

    def fresh(self):
        """An id as the service makes them: the time, then chance."""
        return str(uuid.UUID(int=time.time_ns() // 1_000_000 << 80 | 7 << 76 | random.getrandbits(76) & ~(3 << 62) | 2 << 62))

    def insert(self, row, ids, **changed):
        self.db.execute(row.statement, row.values(ids, changed))

    def file(self):
        self.turn = (self.turn + 1) % len(self.clerks)
        ids = {self.key: f"bare-{secrets.token_hex(8)}", **dict(zip(self.clerks[0], self.clerks[self.turn]))}
        ids |= {old: self.fresh() for old in self.made_by_filing}
        self.db.execute("BEGIN IMMEDIATE")
        for _, row in self.filing:
            self.insert(row, ids)
        self.db.execute("COMMIT")

    def give_command(self, case):
        ids = {old: self.fresh() for old in self.made_by_command} | {self.case: case}
        self.db.execute("BEGIN IMMEDIATE")
        now = dict(self.db.execute("SELECT * FROM cases WHERE id = ?", (case,)).fetchone())
        last = self.db.execute("SELECT * FROM case_events WHERE case_id = ? ORDER BY seq", (case,)).fetchall()[-1]
        seq, end, version = last["seq"], last["hash"], now["version"]
        ids |= dict(zip(self.clerks[0], next(clerk for clerk in self.clerks if clerk[0] == now["organ_id"])))
        for act, row in self.command:
            if act == "UPDATE":
                changed = {column: value for column, value in now.items() if column != "id"} | {"version": version + 1}
                written = self.db.execute(f"UPDATE cases SET {', '.join(f'{column} = ?' for column in changed)} WHERE id = ? AND version = ?",
                                          (*changed.values(), case, version))
                assert written.rowcount == 1
            elif row.name == "case_events":
                before, seq, end = end, seq + 1, hashlib.sha256(end).digest()
                self.insert(row, ids, seq=seq, prev_hash=before, hash=end)
            else:
                self.insert(row, ids)
        self.db.execute("COMMIT")

    def rate(self, what, seconds):
        """Transactions a second."""
        count, began = 0, time.monotonic()
        while time.monotonic() - began < seconds:
            what()
            count += 1
        return count / (time.monotonic() - began)

    def filings(self, seconds):
        return self.rate(self.file, seconds)

    def commands(self, seconds):
        found = self.db.execute("SELECT id FROM cases WHERE is_open AND title = ? ORDER BY random() LIMIT 30000", (TITLE,)).fetchall()
        cases = itertools.cycle([case for case, in found])
        return self.rate(lambda: self.give_command(next(cases)), seconds)


def ask_sqlite(path):
    """Reads beside the service, in rows."""
    def ask(statement):
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return db.execute(statement).fetchall()
    return ask


def memory_of(service, seconds):
    """Resident MiB of a service that just started, after its lists, and a minute after those."""
    with service:
        time.sleep(3)
        idle = service.memory()
        rate = service.wrk(list_overdue, CROWD, seconds)
        after = service.memory()
        time.sleep(60)
        return idle, rate, after, service.memory()


def on_postgres(options, folder, memories):
    with Cluster(folder) as cluster:
        cluster.fill_bare(options.cases)
        cluster.psql("postgres", "CREATE DATABASE bench")
        ask = lambda statement: [row.split() for row in cluster.psql("bench", statement).splitlines()]
        service = Service(options.program, cluster.address("bench"), folder, ask).fill(options.cases)
        cluster.psql("bench", "VACUUM ANALYZE", "CHECKPOINT")
        print(f"\nPostgreSQL {cluster.psql('bench', 'SHOW server_version')}, {', '.join(f'{name}=on' for name in DURABLE)}, {options.cases:,} cases")
        head("PostgreSQL", "clients", "bare, tps", "service, /s", "share", "range")
        with service:
            for clients in options.clients:
                for name, job, bare in READS + WRITES:
                    compared(name, clients, alternating(options.rounds, lambda: service.wrk(job, clients, options.seconds),
                                                        lambda: cluster.pgbench(bare, options.cases, clients, options.seconds)))
        memories.append(("PostgreSQL", memory_of(service, options.lists_seconds)))


def filled_sqlite(program, folder, cases):
    folder.mkdir()
    path = folder / "bench.db"
    service = Service(program, f"sqlite:{path}", folder, ask_sqlite(path)).fill(cases)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return service, path


def on_sqlite(options, folder, memories):
    service, path = filled_sqlite(options.program, folder / "sqlite", options.cases)
    (folder / "bare").mkdir()
    bare = Bare(options.program, folder / "bare" / "bare.db", path)
    print(f"\nSQLite {sqlite3.sqlite_version} for the bare statements, {'; '.join(PRAGMAS)}. {bare.said()}")
    head("SQLite", "clients", "bare on one connection, tps", "service, /s", "share", "range")
    with service:
        for clients in options.clients:
            for (name, job, _), once in zip(WRITES, (bare.filings, bare.commands)):
                compared(name, clients, alternating(options.rounds, lambda: service.wrk(job, clients, options.seconds), lambda: once(options.seconds)))
        with contextlib.ExitStack() as stack:
            older = None
            if options.against:
                older = stack.enter_context(filled_sqlite(options.against, folder / "older", options.cases)[0])
                head("SQLite, reads", "clients", "other build, /s", "this build, /s", "times", "range")
            else:
                head("SQLite, reads", "clients", "service, /s")
            for name, job, _ in READS:
                mine = lambda: service.wrk(job, CROWD, options.seconds)
                if older:
                    compared(name, CROWD, alternating(options.rounds, mine, lambda: older.wrk(job, CROWD, options.seconds)))
                else:
                    line(name, CROWD, statistics.median(mine() for _ in range(options.rounds)))
    memories.append(("SQLite", memory_of(service, options.lists_seconds)))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program", metavar="BINARY", type=lambda path: pathlib.Path(path).resolve(strict=True))
    options.add_argument("--cases", type=int, default=100_000, help="old cases of each database")
    options.add_argument("--clients", type=lambda text: [int(number) for number in text.split(",")], default=[1, 16], help="how many at once, separated by commas (1,16)")
    options.add_argument("--rounds", type=int, default=3, help="of each line; the middle one is printed")
    options.add_argument("--seconds", type=int, default=6, help="of each half of a round")
    options.add_argument("--lists-seconds", type=int, default=60, help="of the lists after which memory is measured")
    options.add_argument("--keep", metavar="DIR", type=pathlib.Path, help="work in this new directory and leave it there")
    options.add_argument("--sqlite", action="store_true", help="measure on SQLite as well")
    options.add_argument("--against", metavar="OTHER_BINARY", type=lambda path: pathlib.Path(path).resolve(strict=True),
                         help="with --sqlite: compare the reads of this build")
    options = options.parse_args()
    if options.against and not options.sqlite:
        sys.exit("--against is a part of --sqlite")
    shutil.which("wrk") or sys.exit("wrk is missing: apt-get install wrk")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    with contextlib.ExitStack() as stack:
        if options.keep:
            options.keep.mkdir(parents=True)
        folder = options.keep or pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder = folder.resolve()
        folder.chmod(0o711)  # the server runs as another user
        print(f"{TODAY}, {os.cpu_count()} cores, {disk_of(folder)}, {options.rounds} rounds of {options.seconds} s each side")
        memories = []
        on_postgres(options, folder, memories)
        if options.sqlite:
            on_sqlite(options, folder, memories)
        head("resident MiB", "idle", f"after {options.lists_seconds} s of overdue lists, {CROWD} clients", "a minute later", "lists, /s")
        for name, (idle, rate, after, later) in memories:
            line(name, idle, after, later, rate)


if __name__ == "__main__":
    main()
