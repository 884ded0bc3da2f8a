#!/usr/bin/env python3
"""How long a big ledger takes: writes one of N rows (default 100,000) as CSV or XLSX, imports it into a new SQLite file, or into
an empty PostgreSQL database, with the program given, and prints seconds and the most memory the program held.

    cargo build --release
    tests/bench/ledger.py target/release/gongkai [ROWS [postgres://USER@HOST/bench]]
"""
import csv
import datetime
import os
import random
import resource
import subprocess
import sys
import tempfile
import time

HEADINGS = ("受理编号 收到日期 申请方式 申请人类型 申请人 证件类型 证件号码 联系电话 申请内容 承办科室 补正通知日期 补正期限 补正收到日期 "
            "征求意见对象 征求意见类型 征求意见发出日期 征求意见收到日期 延期工作日数 延期告知日期 答复日期 处理结果 答复文号 送达方式 送达日期").split()
OLD = ["同意公开", "已主动公开", "信息不存在", "不属于本机关公开", "个人隐私"]
NEW = ["予以公开", "部分公开", "信息不存在", "不属于本机关负责公开", "过程性信息", "重复申请", "信访", "申请人撤回"]


def identity(number):
    """A resident's number with its check character."""
    body = f"110105{19500101 + number % 300000:08d}{number % 1000:03d}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights)) % 11]


def rows(count):
    """Cases of seventeen years, in the ways they happen."""
    dice = random.Random(1)
    first = datetime.date(2009, 1, 5)
    for number in range(count):
        received = first + datetime.timedelta(days=dice.randrange(6200))
        is_new = received >= datetime.date(2019, 5, 15)
        row = dict.fromkeys(HEADINGS, "")
        row.update({
            "受理编号": f"旧{received.year}-{number}", "收到日期": f"{received.year}/{received.month}/{received.day}",
            "申请方式": dice.choice(["当面", "网络", "EMS", "电子邮件", "信函"]),
            "申请人类型": dice.choice(["自然人"] * 8 + ["商业企业", "法律服务机构"]),
            "申请人": f"申请人{number}", "证件类型": "身份证", "证件号码": identity(number), "联系电话": f"138{number:08d}",
            "申请内容": f"某地块征收土地批复、补偿方案及公告，地块编号{number}", "承办科室": f"第{number % 12 + 1}科",
        })
        if dice.random() < 0.97:
            sent = received + datetime.timedelta(days=dice.randrange(3, 30))
            row.update({"答复日期": f"{sent.year}年{sent.month}月{sent.day}日", "处理结果": dice.choice(NEW if is_new else OLD)})
            if row["处理结果"] != "申请人撤回":
                row.update({"答复文号": f"公开复〔{sent.year}〕{number}号", "送达方式": "邮寄",
                            "送达日期": str(sent + datetime.timedelta(days=3))})
            if dice.random() < 0.1:
                row.update({"征求意见对象": "某公司", "征求意见类型": "第三方", "征求意见发出日期": str(received),
                            "征求意见收到日期": str(received + datetime.timedelta(days=2))})
            if is_new and dice.random() < 0.1:
                row.update({"补正通知日期": str(received), "补正期限": "10",
                            "补正收到日期": str(received + datetime.timedelta(days=2))})
        yield row


def write(path, some):
    """A ledger of these rows as CSV."""
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, HEADINGS)
        writer.writeheader()
        writer.writerows(some)


def main():
    program, count = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "ledger.csv")
        write(path, rows(count))
        url = sys.argv[3] if len(sys.argv) > 3 else f"sqlite:{directory}/bench.db"
        environment = {"GONGKAI_DATABASE_URL": url, "PATH": os.environ["PATH"]}
        if not url.startswith("sqlite:"):
            environment["GONGKAI_SECURITY__SEALING_KEY"] = bytes(range(32)).hex()
            environment["GONGKAI_SECURITY__TOKEN_SECRET"] = "a secret of the benchmark, longer than thirty-two bytes"

        def run(*arguments):
            before = time.monotonic()
            done = subprocess.run([program, *arguments], cwd=directory, env=environment, capture_output=True, text=True)
            seconds = time.monotonic() - before
            most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            last = done.stdout.strip().splitlines()
            print(f"{' '.join(arguments)}: {seconds:.1f} s, at most {most:.0f} MiB so far, exit {done.returncode}")
            print("  " + "\n  ".join(last[:1] + last[-1:]) + done.stderr[:500])

        run("init", "--organ", "bench", "--name", "某局")
        run("ledger", "import", path, "--organ", "bench", "--dry-run")
        run("ledger", "import", path, "--organ", "bench")
        run("ledger", "import", path, "--organ", "bench")
        workbook = os.path.join(directory, "ledger.xlsx")
        run("ledger", "export", "--organ", "bench", "--output", workbook)
        run("ledger", "import", workbook, "--organ", "bench")
        if url.startswith("sqlite:"):
            print(f"database {os.path.getsize(directory + '/bench.db') / 2**20:.0f} MiB")
        print(f"XLSX {os.path.getsize(workbook) / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
