#!/usr/bin/env python3
"""Writes N timelines for `gongkai deadline`, always the same ones: the mix of a disclosure office.

Usage: timelines.py N > FILE
"""
import datetime
import json
import random
import sys


def timeline(rng, number):
    received = datetime.date(2019, 5, 15) + datetime.timedelta(days=rng.randrange(2600))
    day = lambda after: (received + datetime.timedelta(days=after)).isoformat()
    events = []
    if rng.random() < 0.15:
        asked = rng.randrange(1, 8)
        events.append({"type": "correction_requested", "date": day(asked)})
        events.append({"type": "correction_received", "date": day(asked + rng.randrange(1, 15))})
    for place in range(rng.choices([0, 1, 2, 3], [55, 30, 12, 3])[0]):
        sent = rng.randrange(0, 20)
        kind = rng.choice(["third_party", "other_organ", "joint_producer", "organ"])
        events.append({"type": "consult_sent", "id": f"c{place}", "kind": kind, "date": day(sent)})
        if rng.random() < 0.85:
            events.append({"type": "consult_returned", "id": f"c{place}", "date": day(sent + rng.randrange(1, 25))})
    if rng.random() < 0.2:
        events.append({"type": "extension", "date": day(rng.randrange(10, 26)), "days": rng.randrange(1, 21)})
    line = {"id": number, "regime": "711", "received": received.isoformat(), "events": events}
    if rng.random() < 0.5:
        line["today"] = day(rng.randrange(0, 60))
    return line


def main():
    rng = random.Random(20190515)
    for number in range(int(sys.argv[1])):
        print(json.dumps(timeline(rng, number), separators=(",", ":")))


main()
