#!/usr/bin/env python3
"""Generates a client from docs/openapi.json with openapi-python-client, and lets it sign in, file a case, register it and
extend it against a running service. What a generator cannot read, or sends as the service does not take it, fails here."""
import datetime, importlib, pathlib, subprocess, sys, tempfile

from service import PASSWORD, Service

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def generate(folder):
    done = subprocess.run(
        ["openapi-python-client", "generate", "--path", DOCUMENT, "--meta", "none", "--output-path", f"{folder}/bureau"],
        text=True, capture_output=True,
    )
    told = done.stdout + done.stderr
    if done.returncode or "Warning" in told or "ERROR" in told:
        raise SystemExit(f"the generator complains:\n{told[:6000]}")
    sys.path.insert(0, str(folder))


def call(module, **arguments):
    """The parsed answer of an operation of the generated client; its module says where it is."""
    operation = importlib.import_module(f"bureau.api.{module}")
    answer = operation.sync_detailed(**arguments)
    if answer.status_code >= 300:
        raise SystemExit(f"{module}: {answer.status_code} {answer.content.decode()[:1000]}")
    print(f"{module}: {int(answer.status_code)}")
    return answer


def main():
    with tempfile.TemporaryDirectory() as folder, Service() as service:
        generate(folder)
        service.command("init", "--organ", "zrzy", "--name", "某市自然资源局")
        service.add_user("jingban", "clerk", "zrzy")
        service.add_user("fuzeren", "office_head", "zrzy")
        bureau = importlib.import_module("bureau")
        models = importlib.import_module("bureau.models")

        def sign_in(username):
            body = models.Credentials(username=username, password=PASSWORD)
            pair = call("auth.sign_in", client=bureau.Client(base_url=service.url), body=body).parsed
            return bureau.AuthenticatedClient(base_url=service.url, token=pair.access_token)

        clerk, head = sign_in("jingban"), sign_in("fuzeren")
        organ = call("organs.list_organs", client=clerk).parsed.items[0]
        today = datetime.date.today()
        application = models.Application(
            organ_id=organ.id,
            applicant=models.Applicant(
                kind=models.ApplicantKind.NATURAL_PERSON, name="王小明",
                identity=models.Identity(kind=models.IdentityKind.ID_CARD, number="11010519491231002X"),
            ),
            title="某村征地批复", request="某村集体土地征收的批复", channel=models.Channel.IN_PERSON, submitted_on=today,
            delivery=models.Delivery(form=models.DeliveryForm.PAPER, way=models.DeliveryWay.POST, accepts_other=True),
        )
        filed = call("cases.file_case", client=clerk, body=application, idempotency_key="client-1").parsed
        registered = call(
            "cases.register", client=clerk, case_id=filed.id, if_match=f'"{filed.version}"', body=models.Register(on=today)
        ).parsed
        assert registered.stage.code == "registered", registered.stage
        extension = models.Extend(days=10, reason="情况复杂", approved_on=today, notified_on=today)
        extended = call(
            "cases.extend", client=head, case_id=filed.id, if_match=f'"{registered.version}"', body=extension
        ).parsed
        assert registered.number and extended.version > registered.version, extended
        print(f"generated client: {registered.number}, due {registered.clock.due}, extended {extended.clock.due}")


if __name__ == "__main__":
    main()
