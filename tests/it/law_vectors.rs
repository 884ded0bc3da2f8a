//! The test vectors, the dates courts have named, and the dates worked out in the reference, through the library.

use chrono::NaiveDate;
use gongkai::law::{Calendar, ClockOptions, ConsultationKind, Fact, Regime, Timeline, period, reply_clock};
use serde_json::Value;

fn d(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn vectors(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn fact(event: &Value) -> Fact {
    let on = d(event["date"].as_str().unwrap());
    let id = || event["id"].as_str().unwrap().to_owned();
    match event["type"].as_str().unwrap() {
        "consult_sent" => {
            let kind = ConsultationKind::from_code(event["kind"].as_str().unwrap()).unwrap();
            Fact::ConsultationSent { id: id(), kind, on, silent_until: None }
        }
        "consult_returned" => Fact::ConsultationReturned { id: id(), on },
        "correction_requested" => Fact::CorrectionRequested { on },
        "correction_received" => Fact::CorrectionReceived { on },
        "fee_notified" => Fact::FeeNotified { on },
        "fee_paid" => Fact::FeePaid { on },
        "extension" => Fact::Extension { on, days: u32::try_from(event["days"].as_u64().unwrap()).unwrap() },
        other => panic!("unknown event {other}"),
    }
}

fn answer(vector: &Value, regime: Regime) -> Value {
    let option = |name: &str| vector["opts"][name].as_bool().unwrap_or(false);
    let timeline = Timeline {
        regime,
        received: d(vector["received"].as_str().unwrap()),
        facts: vector["events"].as_array().unwrap().iter().map(fact).collect(),
        options: ClockOptions {
            count_return_day: option("count_return_day"),
            organ_stops_492: option("organ_stops_492"),
            correction_pauses_492: option("correction_pauses_492"),
        },
    };
    let today = vector["today"].as_str().map(d);
    serde_json::to_value(reply_clock(&timeline, Calendar::national(), today).unwrap()).unwrap()
}

#[test]
fn the_vectors_pass_exactly() {
    let vectors = vectors("vectors.jsonl");
    assert_eq!(vectors.len(), 122);
    for vector in vectors {
        let regime = Regime::from_code(vector["regime"].as_str().unwrap()).unwrap();
        let answer = answer(&vector, regime);
        for (key, expected) in vector["expected"].as_object().unwrap() {
            assert_eq!(answer.get(key), Some(expected), "{}: {key} ({})", vector["id"], vector["why"]);
        }
    }
}

/// C-10: the vectors also give the date by the other reading, for organs that override the Order.
#[test]
fn the_other_reading_of_the_change_of_orders_gives_the_other_date() {
    let ambiguous: Vec<_> =
        vectors("vectors.jsonl").into_iter().filter(|vector| vector["alt"]["regime"].is_string()).collect();
    assert_eq!(ambiguous.len(), 2);
    for vector in ambiguous {
        let regime = Regime::from_code(vector["alt"]["regime"].as_str().unwrap()).unwrap();
        assert_eq!(answer(&vector, regime)["due"], vector["alt"]["due"], "{}", vector["id"]);
    }
}

#[test]
fn the_vectors_of_adding_pass_exactly() {
    let vectors = vectors("vectors_add.jsonl");
    assert_eq!(vectors.len(), 30);
    for vector in vectors {
        let n = u32::try_from(vector["n"].as_u64().unwrap()).unwrap();
        let day = Calendar::national().add_working_days(d(vector["from"].as_str().unwrap()), n).ok();
        let expected = vector["expected"]["date"].as_str().map(d);
        assert!(expected.is_some() || vector["expected"]["gap"] == true);
        assert_eq!(day, expected, "{} ({})", vector["id"], vector["why"]);
    }
}

fn due(received: &str, facts: &[Fact]) -> NaiveDate {
    let received = d(received);
    let regime = Timeline::regime_for(received, facts, None, ClockOptions::default());
    let timeline = Timeline { regime, received, facts: facts.to_vec(), options: ClockOptions::default() };
    reply_clock(&timeline, Calendar::national(), None).unwrap().due.unwrap()
}

fn extension(on: &str, days: u32) -> Fact {
    Fact::Extension { on: d(on), days }
}

fn consultation(id: &str, sent: &str, returned: &str) -> [Fact; 2] {
    let id = id.to_owned();
    let kind = ConsultationKind::ThirdParty;
    [
        Fact::ConsultationSent { id: id.clone(), kind, on: d(sent), silent_until: None },
        Fact::ConsultationReturned { id, on: d(returned) },
    ]
}

#[test]
fn the_dates_courts_have_named() {
    assert_eq!(due("2011-06-01", &[]), d("2011-06-23"), "李健雄诉广东省交通运输厅, 指导案例26号");
    assert_eq!(due("2022-09-30", &[]), d("2022-11-02"), "连云港: 10-08 and 10-09 are worked");
    assert_eq!(due("2025-02-20", &[]), d("2025-03-20"), "付店镇");
}

/// Every line of the reference's table of worked dates that concerns the reply.
#[test]
fn the_worked_dates_of_both_orders() {
    let plain = [
        ("2015-08-20", "2015-09-11"),
        ("2018-09-20", "2018-10-17"),
        ("2019-05-14", "2019-06-04"),
        ("2019-05-15", "2019-06-13"),
        ("2019-09-25", "2019-10-28"),
        ("2020-01-17", "2020-02-21"),
        ("2021-01-15", "2021-02-18"),
        ("2024-02-02", "2024-03-06"),
        ("2024-04-27", "2024-05-27"),
        ("2024-04-28", "2024-05-28"),
        ("2025-09-12", "2025-10-16"),
        ("2026-02-06", "2026-03-12"),
        ("2024-03-01", "2024-03-29"),
    ];
    for (received, expected) in plain {
        assert_eq!(due(received, &[]), d(expected), "{received}");
    }
    assert_eq!(due("2018-09-20", &[extension("2018-10-17", 15)]), d("2018-11-07"));
    assert_eq!(due("2019-09-25", &[extension("2019-10-28", 20)]), d("2019-11-25"));
    assert_eq!(due("2026-02-06", &[extension("2026-03-12", 20)]), d("2026-04-10"));
}

#[test]
fn the_worked_dates_with_stops_corrections_and_fees() {
    let letter = consultation("c1", "2024-03-11", "2024-03-29");
    assert_eq!(due("2024-03-01", &letter), d("2024-04-19"));
    assert_eq!(due("2024-03-01", &[letter.as_slice(), &[extension("2024-04-19", 20)]].concat()), d("2024-05-20"));
    let two = [consultation("c1", "2024-03-11", "2024-03-20"), consultation("c2", "2024-03-15", "2024-03-29")].concat();
    assert_eq!(due("2024-03-01", &two), d("2024-04-19"), "their union");
    let corrected =
        [Fact::CorrectionRequested { on: d("2024-03-12") }, Fact::CorrectionReceived { on: d("2024-03-25") }];
    assert_eq!(due("2024-03-01", &corrected), d("2024-04-23"));
    let paid = [Fact::FeeNotified { on: d("2024-03-12") }, Fact::FeePaid { on: d("2024-04-08") }];
    assert_eq!(due("2024-03-01", &paid), d("2024-05-08"));
}

/// T27: a duty within the period falls due before the period does.
#[test]
fn the_worked_dates_of_the_duties_within_the_period() {
    let calendar = Calendar::national();
    let notice = |received| period::correction_notice_due(Regime::Order711, d(received), calendar).unwrap().unwrap().on;
    assert_eq!(notice("2019-09-25"), d("2019-10-10"));
    assert_eq!(notice("2026-02-06"), d("2026-02-24"));
    assert_eq!(notice("2024-03-01"), d("2024-03-12"));
    assert!(notice("2024-03-01") < due("2024-03-01", &[]));
    let opinion = period::third_party_opinion_due(Regime::Order711, d("2024-03-13"), calendar).unwrap().unwrap();
    assert_eq!(opinion.on, d("2024-04-03"));
    assert_eq!(period::fee_payment_due(d("2024-03-12"), calendar).unwrap().on, d("2024-04-10"));
}
