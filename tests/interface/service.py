"""A throw-away service for the checks of the interface, with one user of each role."""
import os, pathlib, re, shutil, signal, socket, subprocess, tempfile, time, urllib.request

PASSWORD = "Rain-Mountain-2026"
ROLES = ["intake", "clerk", "handler", "reviewer", "office_head", "leader", "supervisor", "auditor", "admin"]


def binary():
    top = pathlib.Path(__file__).resolve().parents[2]
    target = os.environ.get("CARGO_TARGET_DIR", top / "target")
    return os.environ.get("GONGKAI_TEST_BINARY", f"{target}/debug/gongkai")


def free_port():
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return some.getsockname()[1]


class Service:
    """`demo` fills the database with the demonstration first; its users' passwords are in `passwords`."""

    def __init__(self, demo=False, settings=None):
        self.folder = tempfile.mkdtemp(prefix="gongkai-interface-")
        self.port, self.passwords = free_port(), {}
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GONGKAI_")}
        self.environment = dict(
            clean, GONGKAI_DATABASE_URL=f"sqlite:{self.folder}/gongkai.db", GONGKAI_BIND=f"127.0.0.1:{self.port}",
            **(settings or {}),
        )
        if demo:
            printed = self.command("demo", "--dir", self.folder, "--no-serve")
            self.passwords = dict(re.findall(r"^  ([a-z-]+) +([A-Za-z0-9]{18})  ", printed, re.M))
            database = next(pathlib.Path(self.folder).glob("*.db"))
            self.environment["GONGKAI_DATABASE_URL"] = f"sqlite:{database}"
        self.log = open(f"{self.folder}/log", "w")
        self.process = subprocess.Popen([binary(), "serve"], cwd=self.folder, env=self.environment, stdout=self.log, stderr=self.log)
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/health/ready", timeout=2)
                return
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise SystemExit(self.printed()[-3000:])
                time.sleep(0.1)

    def command(self, *words, stdin=None):
        done = subprocess.run([binary(), *words], env=self.environment, cwd=self.folder, input=stdin, text=True, capture_output=True)
        if done.returncode:
            raise SystemExit(f"gongkai {' '.join(words)}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
        return done.stdout

    def add_user(self, username, role, organ):
        machine = ["--machine"] if role == "intake" else []
        self.command("user", "add", "--username", username, "--name", role, "--organ", organ, "--role", role,
                     *machine, "--password-stdin", stdin=PASSWORD + "\n")

    def printed(self):
        return pathlib.Path(self.folder, "log").read_text()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
