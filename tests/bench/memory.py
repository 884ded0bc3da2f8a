#!/usr/bin/env python3
"""Resident memory of the service on the demonstration's database: idle, nine people who sign in at once, half a minute of
overdue lists of a past day for sixteen clients, and what stays.

    memory.py BINARY…      a line for each binary, in MiB
"""
import json, os, pathlib, re, socket, subprocess, sys, tempfile, threading, time, urllib.error, urllib.request

SIGN_INS, CLIENTS, LIST_SECONDS = 9, 16, 30


def resident(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


class Peak(threading.Thread):
    """The most that a process held since it was last asked."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most, self.ended = pid, 0, threading.Event()

    def run(self):
        while not self.ended.wait(0.02):
            self.most = max(self.most, resident(self.pid))

    def take(self):
        most, self.most = self.most, 0
        return most


def together(count, work):
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def measure(binary, folder):
    made = subprocess.run([binary, "demo", "--dir", f"{folder}/d", "--no-serve"], capture_output=True, text=True, check=True)
    password = re.search(r"^  supervisor\s+(\S+)", made.stdout, re.M).group(1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    settings = {"GONGKAI_DATABASE__URL": f"sqlite:{folder}/d/gongkai.db", "GONGKAI_BIND": address}
    service = subprocess.Popen([binary, "serve"], cwd=f"{folder}/d", env=os.environ | settings,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://{address}"
    try:
        for _ in range(150):
            try:
                urllib.request.urlopen(f"{base}/health/ready").read()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
        time.sleep(2)
        idle, tokens, peak = resident(service.pid), [], Peak(service.pid)
        peak.start()

        def sign_in():
            body = json.dumps({"username": "supervisor", "password": password}).encode()
            request = urllib.request.Request(f"{base}/api/v1/auth/token", body, {"Content-Type": "application/json"})
            tokens.append(json.load(urllib.request.urlopen(request))["access_token"])

        together(SIGN_INS, sign_in)
        signed_in = [peak.take(), resident(service.pid)]
        time.sleep(30)
        signed_in.append(resident(service.pid))
        peak.take()
        end, answers = time.time() + LIST_SECONDS, []

        def lists():
            while time.time() < end:
                request = urllib.request.Request(f"{base}/api/v1/overdue?as_of=2026-11-20",
                                                 headers={"Authorization": f"Bearer {tokens[0]}"})
                try:
                    answers.append(len(urllib.request.urlopen(request).read()))
                except urllib.error.HTTPError as error:
                    if error.code != 503:
                        raise

        together(CLIENTS, lists)
        listed = [peak.take(), resident(service.pid)]
        time.sleep(60)
        listed.append(resident(service.pid))
        peak.ended.set()
        print(f"{binary}: idle {idle:.0f} | {SIGN_INS} sign-ins: most {signed_in[0]:.0f}, after {signed_in[1]:.0f}, 30 s later "
              f"{signed_in[2]:.0f} | {len(answers)} lists: most {listed[0]:.0f}, after {listed[1]:.0f}, 60 s later {listed[2]:.0f}",
              flush=True)
    finally:
        service.terminate()
        service.wait()


if not sys.argv[1:]:
    sys.exit(__doc__)
for program in sys.argv[1:]:
    with tempfile.TemporaryDirectory() as scratch:
        measure(str(pathlib.Path(program).resolve()), scratch)
