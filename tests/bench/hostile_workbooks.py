#!/usr/bin/env python3
"""What files made to harm cost the service: posts each to a service of its own (SQLite) and prints status, code, milliseconds, the most
memory above idle while it was read, and the slowest answer of /health/live meanwhile. Exits with 1 when one took more than 64 MiB, kept
/health/live waiting for 250 ms, or was not answered.

    cargo build --release
    tests/bench/hostile_workbooks.py target/release/gongkai [WORDS OF A NAME]
"""
import base64
import io
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
import zipfile

MOST_MIB, MOST_LIVE_MS = 64, 250
TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
SHEET = "xl/worksheets/sheet1.xml"
NOISE = os.urandom(3 << 20)


def relation(name, kind, target):
    return f'<Relationship Id="{name}" Type="{TYPE}/{kind}" Target="{target}"/>'


def book(rows="", strings=None, styles=None, store=(), **parts):
    """A workbook; `parts` replace or add (name with / as __), None removes. A part may be an iterator of pieces."""
    related = relation("r1", "worksheet", "worksheets/sheet1.xml") + relation("r2", "sharedStrings", "sharedStrings.xml")
    related += relation("r3", "styles", "styles.xml")
    sheets = '<sheet name="S" sheetId="1" r:id="r1"/>'
    whole = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships>{relation("r1", "officeDocument", "xl/workbook.xml")}</Relationships>',
        "xl/workbook.xml": f'{HEAD}<workbook xmlns:r="{TYPE}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{related}</Relationships>",
        SHEET: sheet(rows) if isinstance(rows, str) else rows,
    }
    if strings is not None:
        whole["xl/sharedStrings.xml"] = f"{HEAD}<sst>{strings}</sst>" if isinstance(strings, str) else strings
    if styles is not None:
        whole["xl/styles.xml"] = f"{HEAD}<styleSheet>{styles}</styleSheet>"
    whole.update(parts.pop("more", {}))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in whole.items():
            if content is None:
                continue
            kind = zipfile.ZIP_STORED if name in store else zipfile.ZIP_DEFLATED
            if isinstance(content, (str, bytes)):
                archive.writestr(name, content, kind)
                continue
            with archive.open(name, "w", force_zip64=True) as part:
                for piece in content:
                    part.write(piece if isinstance(piece, bytes) else piece.encode())
    return out.getvalue()


def sheet(rows):
    return f"{HEAD}<worksheet><sheetData>{rows}</sheetData></worksheet>"


def cell(at, text="x"):
    return f'<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>'


def row(number, cells):
    return f'<row r="{number}">{cells}</row>'


def repeated(before, piece, count, after):
    """A long part, piece by piece."""
    block = piece * 10_000
    yield before
    for _ in range(count // 10_000):
        yield block
    yield after


def patched(data, name, entry, local=()):
    """Bytes of the headers of a part replaced: (offset, bytes) in its entry of the directory, and before its data."""
    data = bytearray(data)
    for mark, size, changes in ((b"PK\1\2", 46, entry), (b"PK\3\4", 30, local)):
        at = data.find(mark)
        while data[at + size:at + size + len(name)] != name.encode():
            at = data.find(mark, at + 1)
        for offset, new in changes:
            data[at + offset:at + offset + len(new)] = new
    return bytes(data)


def local_at(data, name):
    return zipfile.ZipFile(io.BytesIO(data)).getinfo(name).header_offset


ONE = row(1, cell("A1"))
LAUGHS = '<!DOCTYPE x [<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)) + "]>"


def cases():
    """Name and body of the request: one file, or several."""
    far = row(1048576, cell("XFD1048576"))
    noisy = {"more": {"xl/media/noise.bin": NOISE}, "store": ("xl/media/noise.bin",)}
    good = book(ONE)
    yield "a good workbook, no report", lambda: good
    yield "a cell at XFD1048576", lambda: book(far)
    yield "cells at A1 and XFD1048576", lambda: book(row(1, cell("A1")) + far)
    yield "12,000,000 shared strings and 3 MB of noise", lambda: book(ONE, repeated(HEAD + "<sst>", "<si/>", 12_000_000, "</sst>"), **noisy)
    yield "300,000 shared strings of 20 letters", lambda: book(ONE, "".join(f"<si><t>{n:020}</t></si>" for n in range(300_000)))
    yield "90,000 shared strings of 80 letters", lambda: book(ONE, "".join(f"<si><t>{n:080}</t></si>" for n in range(90_000)))
    yield "uniqueCount 2^64-1", lambda: book(ONE, more={"xl/sharedStrings.xml": '<sst uniqueCount="18446744073709551615"><si/></sst>'})
    blanks = repeated(HEAD + "<worksheet><sheetData><row>", " " * 1000, 780_000, "</row></sheetData></worksheet>")
    yield "780 MB of blanks in one row and noise", lambda: book(blanks, **noisy)
    spaced = " " * 996 + "<a/>"
    yield "780 MB of blanks between tags", lambda: book(
        repeated(HEAD + "<worksheet><sheetData><row>", spaced, 780_000, "</row></sheetData></worksheet>"))
    yield "12,000,000 empty cells in one row", lambda: book(repeated(HEAD + "<worksheet><sheetData><row>", "<c/>", 12_000_000, "</row>"))
    yield "190,000 cells with text", lambda: book("".join(row(n, "".join(f"<c><v>t{n}</v></c>" for _ in range(190))) for n in range(1, 1000)))
    yield "5,000,000 rows with a number", lambda: book(repeated(HEAD + "<worksheet><sheetData>", "<row><c><v>1</v></c></row>", 5_000_000, ""))
    yield "one string of 60 MB", lambda: book(ONE, repeated(HEAD + "<sst><si><t>", "x" * 100, 600_000, "</t></si></sst>"))
    yield "one string of 60 MB in its cell", lambda: book(repeated("<worksheet><sheetData><row><c t='str'><v>", "x" * 100, 600_000, "</v>"))
    yield "a string of 8,000,000 references", lambda: book(repeated("<worksheet><sheetData><row><c t='str'><v>", "&#65;", 8_000_000, "</v>"))
    told = "".join(row(n, '<c t="s"><v>0</v></c>' * 10) for n in range(1, 5000))
    yield "one string of 32,000 letters in 50,000 cells", lambda: book(told, f"<si><t>{'x' * 32_000}</t></si>")
    mib = book(HEAD + "<worksheet><sheetData>" + (" " * 1020 + "<a/>") * 1024 + "</sheetData></worksheet>")
    yield "a hundred files of 1 MiB", lambda: [mib] * 100
    yield "a hundred files with far cells", lambda: [book(far)] * 100
    sheets = [f'<sheet name="{n}" r:id="r1"/>' for n in range(1000)]
    thousand, ninety = "".join(sheets), "".join(sheets[:90])
    yield "a thousand sheets", lambda: book(ONE, more={"xl/workbook.xml": f'<workbook xmlns:r="{TYPE}"><sheets>{thousand}</sheets></workbook>'})
    yield "ninety sheets in one part of 2 MB", lambda: book(
        HEAD + "<worksheet><sheetData>" + (" " * 1020 + "<a/>") * 2048 + "</sheetData></worksheet>",
        more={"xl/workbook.xml": f'<workbook xmlns:r="{TYPE}"><sheets>{ninety}</sheets></workbook>'})
    yield "a billion laughs in the strings", lambda: book(ONE, more={"xl/sharedStrings.xml": LAUGHS + "<sst><si><t>&l9;</t></si></sst>"})
    yield "a billion laughs in the sheet", lambda: book(LAUGHS + sheet(row(1, cell("A1", "&l9;"))))
    yield "an external entity", lambda: book('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + sheet(row(1, cell("A1", "&e;"))))
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0", b"\0" * (100 << 20))
    yield "a nested ZIP bomb beside the sheet", lambda: book(ONE, more={f"bomb{n}.zip": inner.getvalue() for n in range(30)})
    yield "1 GB of zeros beside the sheet", lambda: book(ONE, more={"x.bin": repeated(b"", b"\0" * 1000, 1_000_000, b"")})
    bomb = book(repeated(HEAD + "<worksheet><sheetData><row>", " " * 1000, 500_000, ""))
    yield "500 MB that claim to be 10 bytes", lambda: patched(bomb, SHEET, [(24, struct.pack("<I", 10))], [(22, struct.pack("<I", 10))])
    over = struct.pack("<I", local_at(good, "xl/workbook.xml"))
    yield "overlapping entries", lambda: patched(good, SHEET, [(42, over)])
    yield "60,000 entries", lambda: book(ONE, more={f"{n:05}": "" for n in range(60_000)})
    yield "3,900 entries with long names", lambda: book(ONE, more={f"{n:04}" + "n" * 600: "" for n in range(3_900)})
    directory = struct.pack("<4s4B4HL2LHHHHHLL", b"PK\1\2", 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) * 120_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xffff, 0xffff, len(directory), 0, 0)
    yield "a directory of 120,000 entries and nothing else", lambda: b"PK\3\4" + directory + end
    twin = book(ONE, more={"xl/worksheets/sheet7.xml": sheet(row(1, cell("A1", "y")))})
    yield "one part twice", lambda: twin.replace(b"sheet7.xml", b"sheet1.xml")
    yield "names that lead outside", lambda: book(ONE, more={" ": "", "../../etc/passwd": "x", "/etc/x": "x"})
    yield "no shared strings", lambda: book(row(1, '<c t="s"><v>0</v></c>'))
    yield "a shared string beyond the table", lambda: book(row(1, '<c t="s"><v>4294967295</v></c>'), "<si/>")
    yield "row 0", lambda: book('<row r="0"/>')
    yield "row 99999999999", lambda: book('<row r="99999999999"><c/></row>')
    yield "cells out of order", lambda: book(row(1, cell("B1") + cell("A1")))
    yield "a cell twice", lambda: book(row(1, cell("A1") + cell("A1")))
    yield "a dimension that lies", lambda: book(sheet(ONE).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'))
    yield "XML without end", lambda: book(sheet(ONE)[:-30])
    yield "no UTF-8", lambda: book(sheet(ONE).encode().replace(b"x", b"\xff\xfe"))
    yield "UTF-16", lambda: book(sheet(ONE).encode("utf-16"))
    yield "an attribute of 60 MB", lambda: book(repeated("<worksheet><sheetData><row a='", "y" * 100, 600_000, "'/>"))
    yield "10,000,000 attributes", lambda: book(repeated("<worksheet><sheetData><row ", "a='' ", 10_000_000, "/>"))
    yield "20,000 attributes", lambda: book("<row " + " ".join(f"a{n}=''" for n in range(20_000)) + f">{cell('A1')}</row>")
    yield "elements 10,000,000 deep", lambda: book(repeated("<worksheet>", "<a>", 10_000_000, ""))
    yield "60 MB of comment", lambda: book(repeated("<worksheet><!--", "y" * 100, 600_000, "-->"))
    yield "style ids beyond all", lambda: book(row(1, '<c s="99999999999999999999"><v>1</v></c>'), styles="<cellXfs><xf/></cellXfs>")
    yield "10,000,000 styles", lambda: book(ONE, more={"xl/styles.xml": repeated("<styleSheet><cellXfs>", "<xf/>", 10_000_000, "")})
    dates = "".join(f'<c s="0"><v>{n}</v></c>' for n in ("1e308", "NaN", "-1", "1e999", "2958466"))
    yield "dates beyond the calendar", lambda: book(row(1, dates), styles='<cellXfs><xf numFmtId="14"/></cellXfs>')
    yield "a formula alone", lambda: book(row(1, "<c><f>CMD|'/c calc'!A1</f></c>"))
    yield "an OLE file", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096
    yield "half an archive", lambda: good[:len(good) // 2]
    passwd = f'<Relationships>{relation("r1", "worksheet", "../../../etc/passwd")}</Relationships>'
    yield "a relationship outside", lambda: book(ONE, more={"xl/_rels/workbook.xml.rels": passwd})
    circle = f'<Relationships>{relation("r1", "worksheet", "workbook.xml")}</Relationships>'
    yield "a relationship in a circle", lambda: book(ONE, more={"xl/_rels/workbook.xml.rels": circle})
    yield "no content types", lambda: book(ONE, more={"[Content_Types].xml": None})
    yield "CSV: 6,000,000 commas", lambda: b"," * 6_000_000
    yield "CSV: 3,000,000 rows", lambda: b"a\n" * 3_000_000
    yield "CSV: a quotation mark without end, 6 MB", lambda: b'a,"' + b"x" * 6_000_000
    yield "CSV: 19,000 rows of table three", lambda: "机关,甲\n年度,2023\n表三,行,总计\n".encode() + "".join(f"表三,{n},{n}\n" for n in range(19_000)).encode()
    yield "JSON: 3,000,000 values", lambda: b"[" + b"0," * 3_000_000 + b"0]"
    table = {"year": 2023, "table3": {str(n): {"总计": n} for n in range(19_000)}}
    yield "JSON: 76,000 values in one table", lambda: json.dumps(table).encode()
    yield "JSON: 190,000 values in one table", lambda: json.dumps({"year": 2023, "table3": {str(n): {"总计": n} for n in range(60_000)}}).encode()


class Service:
    """A service of its own, so that memory one file left behind is not counted as the next one's idle."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.environment = dict(os.environ, GONGKAI_DATABASE_URL=f"sqlite:{folder}/g.db", GONGKAI_BIND=f"127.0.0.1:{self.port}")

    def command(self, *arguments, given=None):
        subprocess.run([self.binary, *arguments], env=self.environment, cwd=self.folder, input=given, text=True, check=True,
                       capture_output=True)

    def start(self):
        log = open(f"{self.folder}/log", "w")
        self.process = subprocess.Popen([self.binary, "serve"], env=self.environment, cwd=self.folder, stdout=log, stderr=log)
        for _ in range(500):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=1)
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit("the service does not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)

    def post(self, path, body, token=None):
        """Status, problem code or none, milliseconds."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
        if token:
            headers["Authorization"] = "Bearer " + token
        data = json.dumps(body).encode()
        began = time.monotonic()
        try:
            with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1{path}", data, headers), timeout=60) as answer:
                status, answer = answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            status, answer = error.code, json.load(error)
        except OSError as error:
            status, answer = 0, {"code": type(error).__name__}
        code = answer.get("code") or ""
        if code == "invalid":
            code += " " + answer["errors"][0]["code"]
        return status, code, round((time.monotonic() - began) * 1000), answer

    def memory(self, name):
        with open(f"/proc/{self.process.pid}/status") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def watch(service, done, slowest):
    """The slowest answer of /health/live until done."""
    while not done.is_set():
        began = time.monotonic()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{service.port}/health/live", timeout=10).read()
        except OSError:
            slowest[0] = float("inf")
        slowest[0] = max(slowest[0], (time.monotonic() - began) * 1000)
        time.sleep(0.02)


def measured(service, token, path, body):
    service.start()
    try:
        # What the first request of a process takes is not the file's.
        service.post("/reports/check", {"reports": [{"year": 2023}]}, token)
        idle, done, slowest = service.memory("VmRSS"), threading.Event(), [0.0]
        with open(f"/proc/{service.process.pid}/clear_refs", "w") as marks:
            marks.write("5")
        watcher = threading.Thread(target=watch, args=(service, done, slowest))
        watcher.start()
        status, code, ms, _ = service.post(path, body, token)
        done.set()
        watcher.join()
        return status, code, ms, service.memory("VmHWM") - idle, slowest[0]
    finally:
        service.stop()


def main():
    binary, wanted = os.path.abspath(sys.argv[1]), " ".join(sys.argv[2:])
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        service = Service(binary, folder)
        service.command("init", "--organ", "z", "--name", "某局")
        service.command("user", "add", "--username", "clerk", "--name", "clerk", "--organ", "z", "--role", "clerk", "--password-stdin",
                        given="Rain-2026-xy\n")
        service.start()
        token = service.post("/auth/token", {"username": "clerk", "password": "Rain-2026-xy"})[3]["access_token"]
        request = urllib.request.Request(f"http://127.0.0.1:{service.port}/api/v1/organs", headers={"Authorization": "Bearer " + token})
        organ = json.load(urllib.request.urlopen(request))["items"][0]["id"]
        service.stop()
        print("| File | bytes | `reports/check` | ms | MiB | `ledger/preview` | ms | MiB | live ms |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for name, files in cases():
            if wanted not in name:
                continue
            files = files()
            files = files if isinstance(files, list) else [files]
            content = [base64.b64encode(data).decode() for data in files]
            check = measured(service, token, "/reports/check", {"reports": [{"content": one} for one in content]})
            shown = measured(service, token, f"/organs/{organ}/ledger/preview", {"content": content[0]})
            cells = "".join(f" {status} `{code}` | {ms:,} | {mib:.0f} |" for status, code, ms, mib, _ in (check, shown))
            live = max(check[4], shown[4])
            print(f"| {name} | {sum(map(len, files)):,} |{cells} {live:.0f} |", flush=True)
            failed += any(mib > MOST_MIB or status not in (200, 413, 422) for status, _, _, mib, _ in (check, shown)) or live > MOST_LIVE_MS
    print(f"{failed} beyond {MOST_MIB} MiB or {MOST_LIVE_MS} ms, or not answered", file=sys.stderr)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
