#!/usr/bin/env python3
"""How many of so many random tamperings by raw SQL `gongkai audit verify` finds, by kind: on a SQLite database of two hundred
cases, with the triggers taken away, as somebody would who may change the file. Prints the table of docs/measurements.md.

    cargo build --release
    tests/bench/tampering.py target/release/gongkai [--times 1000] [--seed 7]
"""
import argparse
import collections
import hashlib
import pathlib
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import uuid

from ledger import rows, write

ORGAN = "bench"
CASES = 200


def digest(layout, fields):
    data = bytes([layout])
    for field in fields:
        data += struct.pack(">I", len(field)) + field
    return hashlib.sha256(data).digest()


def micros(instant):
    import datetime
    at = datetime.datetime.fromisoformat(instant.replace("Z", "+00:00"))
    return (at - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def chain_anew(db, case):
    """Computes the chain of a case as the service does (src/store/cases/events.rs)."""
    before = bytes(32)
    log = db.execute("SELECT seq, entry, kind, occurred_on, body, salt, actor_id, recorded_at FROM case_events WHERE case_id = ? ORDER BY seq", (case,))
    for seq, entry, kind, on, body, salt, actor, at in log.fetchall():
        payload = digest(1, [salt, body.encode()])
        fields = [uuid.UUID(case).bytes, struct.pack(">i", seq), struct.pack(">i", entry), kind.encode(), on.encode(), payload,
                  uuid.UUID(actor).bytes if actor else b"", struct.pack(">q", micros(at)), before]
        hash = digest(2, fields)
        db.execute("UPDATE case_events SET digest = ?, prev_hash = ?, hash = ? WHERE case_id = ? AND seq = ?", (payload, before, hash, case, seq))
        before = hash


def one(db, table, where="1"):
    """A random row of a table, as its rowid."""
    found = [row for row, in db.execute(f"SELECT rowid FROM {table} WHERE {where}")]
    return random.choice(found)


def changed_letter(text):
    place = random.randrange(len(text))
    return text[:place] + random.choice([letter for letter in "0123456789公开" if letter != text[place]]) + text[place + 1:]


def edit(table, column, make, where="1"):
    def tamper(db):
        row = one(db, table, where)
        was, = db.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchone()
        db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (make(was), row))
    return tamper


def drop(table, where="1"):
    return lambda db: db.execute(f"DELETE FROM {table} WHERE rowid = ?", (one(db, table, where),))


def some_case(db):
    return random.choice([case for case, in db.execute("SELECT id FROM cases")])


def appended(db):
    case = some_case(db)
    db.execute("INSERT INTO case_events SELECT case_id, seq + 1, entry + 1, kind, occurred_on, body, salt, digest, actor_id, recorded_at, hash, prev_hash "
               "FROM case_events WHERE case_id = ? ORDER BY seq DESC LIMIT 1", (case,))
    chain_anew(db, case)


def swapped(db):
    case = random.choice([case for case, in db.execute("SELECT case_id FROM case_events GROUP BY 1 HAVING count(*) > 1")])
    for sql in ("UPDATE case_events SET seq = -1 WHERE case_id = ? AND seq = 1", "UPDATE case_events SET seq = 1 WHERE case_id = ? AND seq = 2",
                "UPDATE case_events SET seq = 2 WHERE case_id = ? AND seq = -1"):
        db.execute(sql, (case,))


def cut(db):
    case = some_case(db)
    db.execute("DELETE FROM case_events WHERE case_id = ? AND seq = (SELECT max(seq) FROM case_events WHERE case_id = ?)", (case, case))


def cut_with_version(db):
    case = some_case(db)
    db.execute("DELETE FROM case_events WHERE case_id = ? AND seq = (SELECT max(seq) FROM case_events WHERE case_id = ?)", (case, case))
    db.execute("UPDATE cases SET version = version - 1 WHERE id = ?", (case,))


def deleted_case(db):
    case = some_case(db)
    applicant, = db.execute("SELECT applicant_id FROM cases WHERE id = ?", (case,)).fetchone()
    for table in ("obligations", "case_events", "case_tags", "ledger_rows", "case_anchors"):
        db.execute(f"DELETE FROM {table} WHERE case_id = ?", (case,))
    db.execute("DELETE FROM cases WHERE id = ?", (case,))
    db.execute("DELETE FROM applicants WHERE id = ?", (applicant,))


def recomputed(db):
    case = some_case(db)
    body, = db.execute("SELECT body FROM case_events WHERE case_id = ? AND seq = 1", (case,)).fetchone()
    db.execute("UPDATE case_events SET body = ? WHERE case_id = ? AND seq = 1", (body.replace('"request":"', '"request":"另'), case))
    chain_anew(db, case)


KINDS = {
    "event: day": edit("case_events", "occurred_on", lambda was: was[:8] + ("01" if was[8:] != "01" else "02")),
    "event: kind": edit("case_events", "kind", lambda was: "closed" if was != "closed" else "linked"),
    "event: person": edit("case_events", "actor_id", lambda was: str(uuid.uuid4())),
    "event: instant": edit("case_events", "recorded_at", lambda was: was.replace("Z", "")[:-1] + ("1Z" if was[-2] != "1" else "2Z")),
    "event: hash": edit("case_events", "hash", lambda was: bytes([was[0] ^ 1]) + was[1:]),
    "event: previous hash": edit("case_events", "prev_hash", lambda was: bytes([was[0] ^ 1]) + was[1:]),
    "event: letter of the payload": edit("case_events", "body", changed_letter),
    "event: appended, chained": appended,
    "event: swapped": swapped,
    "event: removed": drop("case_events"),
    "log: tail cut": cut,
    "log: tail cut, version with it": cut_with_version,
    "log: chain computed anew": recomputed,
    "case: deleted whole": deleted_case,
    "row: title": edit("cases", "title", lambda was: "别的" + was),
    "row: applicant": edit("cases", "applicant_name", lambda was: was + "某"),
    "row: last day": edit("cases", "due_on", lambda was: "2027-12-31", "due_on IS NOT NULL"),
    "row: stage": edit("cases", "stage", lambda was: "archived" if was != "archived" else "registered"),
    "duty: removed": drop("obligations"),
    "duty: last day": edit("obligations", "due_on", lambda was: "2027-12-31", "due_on IS NOT NULL"),
    "applicant: name": edit("applicants", "name", lambda was: was + "某"),
    "applicant: kind": edit("applicants", "kind", lambda was: "legal_person" if was == "natural_person" else "natural_person"),
    "counter": edit("counters", "last", lambda was: was + random.randint(1, 9)),
    "audit: detail": edit("audit_log", "detail", lambda was: '{"x":1}'),
    "audit: removed": drop("audit_log"),
    "audit: person": edit("audit_log", "actor_id", lambda was: str(uuid.uuid4())),
    "mail: marked sent": edit("outbox", "state", lambda was: "sent", "state = 'queued'"),
    "mail: removed": drop("outbox"),
}


def run(program, path, *arguments, stdin=None):
    environment = {"PATH": "/usr/bin:/bin", "GONGKAI_DATABASE_URL": f"sqlite:{path}", "GONGKAI_LOG__LEVEL": "error"}
    return subprocess.run([program, *arguments], env=environment, cwd=path.parent, input=stdin, capture_output=True, text=True)


def fill(program, path):
    """Two hundred cases with their mails and an anchor."""
    run(program, path, "init", "--organ", ORGAN, "--name", "某局")
    for role in ("clerk", "office_head"):
        added = run(program, path, "user", "add", "--username", role, "--name", role, "--organ", ORGAN, "--role", role, "--email", f"{role}@example.cn",
                    "--password-stdin", stdin="Rain-2026-xy\n")
        assert added.returncode == 0, added.stderr
    write(path.parent / "ledger.csv", rows(CASES))
    imported = run(program, path, "ledger", "import", str(path.parent / "ledger.csv"), "--organ", ORGAN)
    assert imported.returncode == 0, imported.stdout + imported.stderr
    run(program, path, "remind", "--no-send")
    assert run(program, path, "audit", "anchor").returncode == 0
    clean = run(program, path, "audit", "verify")
    assert clean.returncode == 0, clean.stdout + clean.stderr


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program", type=pathlib.Path)
    options.add_argument("--times", type=int, default=1000)
    options.add_argument("--seed", type=int, default=7)
    given = options.parse_args()
    program = str(given.program.resolve())
    random.seed(given.seed)
    tried, found = collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory() as directory:
        clean = pathlib.Path(directory) / "clean" / "gongkai.db"
        clean.parent.mkdir()
        fill(program, clean)
        sqlite3.connect(clean).execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kinds = list(KINDS)
        for number in range(given.times):
            kind = kinds[number % len(kinds)]
            path = pathlib.Path(directory) / "tampered" / "gongkai.db"
            path.parent.mkdir()
            for suffix in ("", ".key", ".anchors"):
                shutil.copy(f"{clean}{suffix}", f"{path}{suffix}")
            db = sqlite3.connect(path)
            for trigger, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
                db.execute(f"DROP TRIGGER {trigger}")
            KINDS[kind](db)
            db.commit()
            db.close()
            checked = run(program, path, "audit", "verify")
            tried[kind] += 1
            found[kind] += checked.returncode == 1 and "（" in checked.stdout
            shutil.rmtree(path.parent)
    print("| Tampering | tried | found and named |\n| --- | --- | --- |")
    for kind in kinds:
        print(f"| {kind} | {tried[kind]} | {found[kind]} |")
    print(f"| all | {sum(tried.values())} | {sum(found.values())} |")
    sys.exit(sum(found.values()) != sum(tried.values()))


if __name__ == "__main__":
    main()
