#!/usr/bin/env python3
"""How long the annual report over very many cases takes on PostgreSQL: imports a ledger of N rows (default 1,000,000; as in ledger.py)
into an empty database and prints the seconds of each of some reports, process start included.

    cargo build --release
    createdb bench
    tests/bench/report.py target/release/gongkai postgres://USER@HOST/bench [ROWS]
"""
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time

from ledger import rows, write

#: A key for a database that is thrown away.
KEY = bytes(range(32)).hex()
REPORTS = (["--year", "2023"], ["--year", "2017"], ["--year", "2023", "--period", "q3"], ["--year", "2023", "--with-previous"])
TIMES = 5
#: Rows a file: one may have 256 MB.
AT_ONCE = 200_000


def main():
    program, url = os.path.abspath(sys.argv[1]), sys.argv[2]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
    environment = {
        "PATH": os.environ["PATH"],
        "GONGKAI_DATABASE_URL": url,
        "GONGKAI_SECURITY__SEALING_KEY": KEY,
        "GONGKAI_SECURITY__TOKEN_SECRET": "a secret of the benchmark, longer than thirty-two bytes",
    }

    def run(*arguments):
        before = time.monotonic()
        done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{arguments}: {done.stdout}{done.stderr}")
        return time.monotonic() - before

    with tempfile.TemporaryDirectory() as directory:
        path, cases, seconds = os.path.join(directory, "ledger.csv"), rows(count), 0
        run("init", "--organ", "bench", "--name", "某局")
        while some := list(itertools.islice(cases, AT_ONCE)):
            write(path, some)
            seconds += run("ledger", "import", path, "--organ", "bench")
        print(f"import of {count} rows: {seconds:.0f} s", flush=True)
    for report in REPORTS:
        seconds = [run("report", "annual", "--organ", "bench", *report) for _ in range(TIMES)]
        print(f"report annual {' '.join(report)}: {statistics.median(seconds):.2f} s in the middle, {max(seconds):.2f} s at most, of {TIMES}")


main()
