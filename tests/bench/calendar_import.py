#!/usr/bin/env python3
"""How long a new calendar takes over a large docket: makes an organ with 20,000 old cases and 10,000 open ones extended into
next year, then previews and activates next year's calendar and has every date checked, on a new SQLite file.

    cargo build --release
    tests/bench/calendar_import.py target/release/gongkai
"""
import csv
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time

HEADINGS = ["受理编号", "收到日期", "申请方式", "申请人类型", "申请人", "申请内容", "承办科室", "答复日期", "处理结果",
            "延期工作日数", "延期告知日期"]
HOLIDAYS = [("元旦", 1, 1, 3), ("春节", 2, 5, 9), ("清明节", 4, 3, 3), ("劳动节", 5, 1, 5), ("端午节", 6, 9, 1), ("中秋节", 9, 15, 1),
            ("国庆节", 10, 1, 7)]


def ledger(path, today):
    with open(path, "w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(HEADINGS)
        for number in range(20_000):
            received = today - datetime.timedelta(days=60 + number % 900)
            replied = received + datetime.timedelta(days=5 + number % 20)
            rows.writerow([f"旧{number}", received, "网站", "自然人", f"申请人{number}", f"征收批复{number}", "耕保科", replied,
                           "予以公开", "", ""])
        for number in range(10_000):
            received = today - datetime.timedelta(days=number % 24)
            rows.writerow([f"新{number}", received, "网站", "自然人", f"申请人{number}", f"规划许可{number}", "规划科", "", "", 20, today])


def calendar_of_2027(path):
    first = datetime.date(2027, 1, 1).replace
    off = [{"date": str(first(month=month, day=day) + datetime.timedelta(days=more)), "name": name}
           for name, month, day, length in HOLIDAYS for more in range(length)]
    work = ["2027-01-31", "2027-02-20", "2027-04-25", "2027-05-08", "2027-10-09"]
    year = {"year": 2027, "notice": "（测试用）2027年部分节假日安排", "amendments": [], "off": off, "work": work}
    with open(path, "w", encoding="utf-8") as out:
        json.dump(year, out, ensure_ascii=False)


def main():
    program, today = os.path.abspath(sys.argv[1]), datetime.date.today()
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, GONGKAI_DATABASE_URL=f"sqlite:{folder}/g.db")

        def run(*arguments):
            since = time.monotonic()
            done = subprocess.run([program, *arguments], env=environment, cwd=folder, capture_output=True, text=True)
            lines = [line for line in done.stdout.splitlines() if line.startswith(("查看案件", "已启用")) or "自查" in line]
            print(f"{time.monotonic() - since:6.2f} s  {' '.join(arguments[:4])}  {' '.join(lines)}")
            assert done.returncode == 0, done.stdout + done.stderr

        ledger(f"{folder}/l.csv", today)
        calendar_of_2027(f"{folder}/cn-2027.json")
        run("init", "--organ", "zrzy", "--name", "某局")
        run("user", "add", "--username", "fzr", "--name", "负责人", "--organ", "zrzy", "--role", "office_head", "--email", "a@b.cn")
        run("ledger", "import", "l.csv", "--organ", "zrzy")
        run("calendar", "import", "cn-2027.json")
        run("calendar", "import", "cn-2027.json", "--activate")
        run("audit", "clocks")


main()
