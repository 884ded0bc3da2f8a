#!/usr/bin/env python3
"""Schemathesis on the demonstration's database, with a token of each role: no 5xx, no status, media type or body that the
document does not know.

    fuzz.py [--seconds N] [--requests N] [--seed N]

Requests are made from docs/openapi.json. Most ids in them are replaced by ids of the database, and If-Match by the version
that stands there, so that more than refusals is reached. Some requests are also bad on purpose. Ends with the counts:
requests, by status, and the operations that reached a 2xx.
"""
import argparse, collections, datetime, json, pathlib, random, re, sys, time, uuid, warnings

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from service import Service

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# Who signs in here for each role, in the demonstration.
WHO = {
    "intake": "window", "clerk": "clerk", "handler": "handler", "reviewer": "reviewer", "office_head": "head", "leader": "leader",
    "supervisor": "supervisor", "auditor": "auditor", "admin": "admin",
}
LABELS = json.loads(DOCUMENT.read_text())["components"]["schemas"]["Role"]["x-labels"]
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
TEXTS = {
    "title", "request", "reason", "reasons", "text", "comment", "opinion", "evidence", "means", "party", "subject", "note", "facts",
    "items", "places", "terms", "searched_by", "carrier", "tracking_number", "signatory", "file_number", "reference", "name",
    "display_name", "public_location", "legal_basis", "tags",
}
# A bad password of our own would only close the account.
LIMITS = {
    "GONGKAI_SECURITY__LOGIN_FAILURES": "100", "GONGKAI_SECURITY__LOGIN_FAILURES_PER_ACCOUNT": "10000",
    "GONGKAI_SECURITY__LOGIN_FAILURES_PER_ADDRESS": "10000", "GONGKAI_SECURITY__REVEALS_PER_HOUR": "100000",
    "GONGKAI_SECURITY__CLEAR_EXPORTS_PER_DAY": "100000",
}
# One fuzzed request to these ends the tokens of the users everybody else needs.
TAKES_AWAY = {
    ("PATCH", "/api/v1/users/{user_id}"), ("PUT", "/api/v1/organs/{organ_id}/users/{user_id}/roles"),
    ("POST", "/api/v1/users/{user_id}/password-reset"),
}


class House:
    """What is in the database, by the names of path parameters, and a token of each role."""

    def __init__(self, service, random):
        self.service, self.random, self.session = service, random, requests.Session()
        self.tokens = {}
        self.known = collections.defaultdict(list)
        self.look()

    def token(self, role):
        if role not in self.tokens:
            name = WHO[role]
            body = {"username": name, "password": self.service.passwords[name]}
            answer = self.session.post(f"{self.service.url}/api/v1/auth/token", json=body)
            self.tokens[role] = answer.json().get("access_token", "")
        return self.tokens[role]

    def get(self, path, role):
        return self.session.get(self.service.url + path, headers={"Authorization": f"Bearer {self.token(role)}"})

    def look(self):
        def items(path, role):
            return self.get(path, role).json().get("items", [])

        self.known["case_id"] = [case["id"] for role in ("supervisor", "clerk") for case in items("/api/v1/cases?limit=200", role)]
        organs = [organ["id"] for organ in items("/api/v1/organs", "admin")]
        self.known["organ_id"] = organs
        self.codes = [organ["code"] for organ in items("/api/v1/organs", "admin")]
        self.known["department_id"] = [one["id"] for organ in organs for one in items(f"/api/v1/organs/{organ}/departments", "admin")]
        users = [one for organ in organs for one in items(f"/api/v1/organs/{organ}/users", "admin")]
        self.known["user_id"] = [one["id"] for one in users]
        # Only users without a sign-in of ours may be changed.
        self.spare = [one["id"] for one in users if one["username"] not in WHO.values()]
        self.known["mail_id"] = [one["id"] for one in items("/api/v1/mail?limit=200", "admin")] or [str(uuid.uuid4())]
        self.known["order_id"] = [one["id"] for one in items("/api/v1/supervision/orders", "supervisor")]
        self.known["external_number"] = [one["external_number"] for one in items("/api/v1/intake/applications", "intake")]
        self.known["year"] = list(range(2009, 2027))
        feed = self.session.post(f"{self.service.url}/api/v1/me/feed", headers={"Authorization": f"Bearer {self.token('clerk')}"})
        self.known["token"] = [feed.json()["path"].removeprefix("/api/v1/feeds/").removesuffix(".ics")]
        known = dict(self.known)
        for name, of in (("into_case", "case_id"), ("other_case", "case_id"), ("handler_id", "user_id"), ("head_id", "user_id"),
                         ("deputy_id", "user_id"), ("parent_id", "organ_id"), ("reports_to", "organ_id"), ("organ", "organ_id"),
                         ("department", "department_id"), ("handler", "user_id"), ("case", "case_id"), ("recipient", "user_id")):
            self.known[name] = known.get(of, [])

    def likely(self, value, name="", day=None):
        """The value with ids of the database in the place of made-up ones, one likely day, small numbers, plain words."""
        if day is None:
            day = str(datetime.date.today() - datetime.timedelta(days=self.random.choice([0, 0, 0, 1, 3, 7, 20])))
        if isinstance(value, dict):
            return {key: self.likely(member, key, day) for key, member in value.items()}
        if isinstance(value, list):
            return [self.likely(member, name, day) for member in value]
        if isinstance(value, bool) or value is None:
            return value
        if name in self.known and self.known[name]:
            return self.random.choice(self.known[name])
        if isinstance(value, str) and DAY.fullmatch(value):
            return str(datetime.date.today() + datetime.timedelta(days=5)) if name == "due_on" else day
        if isinstance(value, int) and name in ("consultation", "task", "remedy", "item"):
            return 1
        if isinstance(value, str) and name in TEXTS and self.random.random() < 0.7:
            return "正在办理，请核对批复的年份和文号"
        return value

    def look_at_cases(self):
        """Which cases take which command, from whom."""
        self.due = collections.defaultdict(list)
        for role in ("clerk", "office_head", "reviewer", "leader", "handler"):
            sample = self.known["case_id"] if role == "clerk" else self.random.sample(self.known["case_id"], 20)
            for case in sample[:60]:
                seen = self.get(f"/api/v1/cases/{case}", role)
                for action in seen.json().get("actions", []) if seen.status_code == 200 else []:
                    self.due[action["href"].rsplit("/", 1)[1]].append((case, role))

    def version(self, path, role):
        """The ETag of what is changed: of the thing itself, or of the thing above the last segment."""
        above = path.rsplit("/", 1)[0]
        is_part = path.endswith(("/tags", "/figures", "/reminder-settings", "/mail-preferences"))
        for place in (path,) if is_part else (above, path):
            etag = self.get(place, role).headers.get("etag")
            if etag:
                return etag
        return '"1"'


class Counts:
    def __init__(self):
        self.requests, self.statuses, self.good, self.tried = 0, collections.Counter(), set(), set()
        self.failures = {}

    def fail(self, operation, what):
        self.failures.setdefault((operation.label, what.splitlines()[0][:160]), what)


def send(house, counts, operation, case, role, is_kind):
    label = (operation.method.upper(), operation.path)
    if is_kind:
        case.path_parameters = house.likely(dict(case.path_parameters or {}))
        due = house.due.get(operation.path.rsplit("/", 1)[1]) if "{case_id}" in operation.path and label[0] == "POST" else None
        if due and house.random.random() < 0.8:
            case.path_parameters["case_id"], role = house.random.choice(due)
        if label in TAKES_AWAY:
            case.path_parameters["user_id"] = house.random.choice(house.spare)
        if isinstance(case.body, (dict, list)):
            case.body = house.likely(case.body)
            if operation.path == "/api/v1/auth/token" and isinstance(case.body, dict):
                name = WHO[role]
                case.body = {"username": name, "password": house.service.passwords[name]}
            if operation.path == "/api/v1/intake/applications" and isinstance(case.body, dict):
                case.body["external_number"] = uuid.uuid4().hex
                case.body["organ"] = house.random.choice(house.codes)
        case.query = house.likely(dict(case.query or {}))
    elif label in TAKES_AWAY:
        case.path_parameters = {**(case.path_parameters or {}), "user_id": str(uuid.uuid4())}
    headers = {key: value for key, value in dict(case.headers or {}).items() if key.lower() not in ("if-match", "idempotency-key")}
    if is_kind or house.random.random() < 0.8:
        names = {parameter.name for parameter in operation.headers}
        if "If-Match" in names:
            headers["If-Match"] = house.version(case.formatted_path, role)
        if "Idempotency-Key" in names:
            headers["Idempotency-Key"] = uuid.uuid4().hex
    if operation.path != "/api/v1/auth/token":
        headers["Authorization"] = f"Bearer {house.token(role)}"
    case.headers = headers
    try:
        response = case.call(base_url=house.service.url, session=house.session, timeout=30)
    except requests.exceptions.RequestException as error:
        if not isinstance(error, (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL)):
            counts.fail(operation, f"no answer: {error}")
        return
    counts.requests += 1
    counts.statuses[response.status_code] += 1
    counts.tried.add(operation.label)
    if response.status_code < 300:
        counts.good.add(operation.label)
    if response.status_code == 401 and operation.path != "/api/v1/auth/token":
        house.tokens.pop(role, None)
    if operation.path in ("/api/v1/auth/password", "/api/v1/auth/logout", "/api/v1/auth/refresh"):
        house.tokens.pop(role, None)
    try:
        case.validate_response(response, checks=CHECKS)
    except (Exception, BaseExceptionGroup) as failure:  # the checks raise groups of their failures
        causes = getattr(failure, "exceptions", [failure])
        for cause in causes:
            shown = json.dumps(case.body, ensure_ascii=False, default=str)[:400] if case.body is not None else ""
            counts.fail(operation, f"{cause}\n{role} {operation.method.upper()} {case.formatted_path} {shown}\n{response.status_code} {response.content[:400]!r}")


def roles_of(operation):
    """The roles that the description names: its last line."""
    named = operation.definition.raw.get("description", "").rsplit("需要角色：", 1)
    labels = named[1].split("、") if len(named) == 2 else []
    return [role for role, label in LABELS.items() if label in labels] or list(WHO)


def main():
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--seconds", type=float, default=150)
    wanted.add_argument("--requests", type=int, default=10**9)
    wanted.add_argument("--seed", type=int, default=1)
    wanted.add_argument("--floor", type=int, default=0, help="fewest operations that must reach a 2xx")
    wanted = wanted.parse_args()
    warnings.simplefilter("ignore")
    schema = schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_text()))
    operations = [one.ok() for one in schema.get_all_operations()]
    counts, chance = Counts(), random.Random(wanted.seed)
    with Service(demo=True, settings=LIMITS) as service:
        house = House(service, chance)
        house.look_at_cases()
        began, rounds = time.monotonic(), 0
        allowed = {operation.label: roles_of(operation) for operation in operations}
        is_over = lambda: time.monotonic() - began > wanted.seconds or counts.requests >= wanted.requests
        while not is_over():
            rounds += 1
            if rounds > 1:
                house.look()
                house.look_at_cases()
            for operation in operations:
                for mode, examples in ((GenerationMode.POSITIVE, 9), (GenerationMode.NEGATIVE, 3)):
                    try:

                        @hypothesis.seed(chance.randrange(2**32))
                        @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
                                  suppress_health_check=list(HealthCheck))
                        @given(case=operation.as_strategy(generation_mode=mode))
                        def one(case):
                            if is_over():
                                return
                            # Every role asks for everything; who may, more often.
                            role = chance.choice(allowed[operation.label] if chance.random() < 0.6 else list(WHO))
                            is_kind = mode == GenerationMode.POSITIVE and chance.random() < 0.9
                            send(house, counts, operation, case, role, is_kind)

                        one()
                    except hypothesis.errors.Unsatisfiable:
                        pass  # nothing can be wrong in a request without parameters
        if service.process.poll() is not None:
            print("the service is gone:", service.printed()[-3000:])
            sys.exit(1)
        panics = [line for line in service.printed().splitlines() if "panicked" in line]
    for (label, _), what in sorted(counts.failures.items()):
        print(f"FAULT {label}: {what}\n")
    print(f"{counts.requests} requests in {time.monotonic() - began:.0f} s, {rounds} rounds, {len(WHO)} roles, seed {wanted.seed}")
    print("by status:", ", ".join(f"{status} {count}" for status, count in sorted(counts.statuses.items())))
    never = sorted({operation.label for operation in operations} - counts.good)
    print(f"operations that reached a 2xx: {len(counts.good)} of {len(operations)}; never: {', '.join(never) or 'none'}")
    print(f"{len(counts.failures)} faults, {len(panics)} panics")
    sys.exit(1 if counts.failures or panics or len(counts.good) < wanted.floor else 0)


if __name__ == "__main__":
    main()
