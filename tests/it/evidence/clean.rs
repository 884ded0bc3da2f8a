//! A database that only the service wrote has no finding.

use diesel::connection::SimpleConnection;
use gongkai::api::routes;
use gongkai::cli::demo::load;
use gongkai::config::Settings;
use gongkai::office::evidence::finding::FindingKind;
use gongkai::office::ledger::ImportOptions;
use gongkai::office::{Clock, Office, OfficeError};
use gongkai::store::Db;
use gongkai::store::evidence::numbers::{self, Raise};

use super::findings;
use crate::support::bureau::Bureau;
use crate::support::house::House;
use crate::support::openapi::Document;
use crate::support::payloads::call_for;
use crate::support::{day, on_both_databases};

#[test]
fn the_demonstration_has_no_finding_on_its_day_and_later() {
    on_both_databases(|database| {
        let settings = Settings::for_tests(&database.options.url).unwrap();
        let office = Office::with_store(database.open(), settings, Clock::fixed(day("2026-11-23"))).unwrap();
        load(&office, &mut |_, _| ()).unwrap();
        assert_eq!(findings(&office), []);
        // Stops and duties that ended meanwhile are not brought up to date yet.
        office.clock().set(day("2026-12-30"));
        assert_eq!(findings(&office), []);
        office.cases().resume_silent().unwrap();
        assert_eq!(findings(&office), []);
    });
}

#[test]
fn after_one_good_request_of_every_route_there_is_no_finding() {
    on_both_databases(|database| {
        let house = House::on(database);
        let document = Document::new();
        for route in routes::all() {
            let reply = call_for(&house, &document, route).send(&house);
            assert!(reply.status < 300, "{route:?}: {reply:?}");
        }
        let mut found = findings(&house.bureau.service.office);
        // The mails of the house are not written by the service.
        found.retain(|finding| finding.kind != FindingKind::MailBytes);
        assert_eq!(found, []);
    });
}

/// Two cases of an old ledger have the first numbers of a pattern that the organ takes up later.
#[test]
fn a_series_that_was_raised_or_had_to_skip_numbers_is_on_record_and_no_finding() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2026-03-02");
        let office = &bureau.service.office;
        let ledger = "受理编号,收到日期,申请人类型,申请内容\n\
                      公开2026-1,2026-01-05,自然人,某信息\n公开2026-2,2026-01-05,自然人,某信息\n\
                      依申请〔2025〕7号,2025-03-05,自然人,某信息\n";
        let import = |db: &mut Db| -> Result<_, OfficeError> {
            let options = ImportOptions::default();
            office.ledger().import_ledger(db, None, bureau.organ, ledger.as_bytes(), options, &mut |_, _| {})
        };
        assert_eq!(office.store().write(import).unwrap().created, 3);
        let pattern = "UPDATE organs SET settings = '{\"number_pattern\":\"公开{year}-{seq}\"}'";
        database.raw().batch_execute(pattern).unwrap();
        let mut case = bureau.registered("2026-03-02");
        case.now();
        assert_eq!(case.last.json["number"], "公开2026-3");
        let raise =
            |year, from, to, why: &str| Some(Raise { year, series: "registration".into(), from, to, why: why.into() });
        let raises = office.store().read(numbers::raises).unwrap();
        let raises: Vec<Option<Raise>> = raises.into_iter().map(|(_, _, raise)| raise).collect();
        assert_eq!(raises, [raise(2025, 0, 7, "ledger"), raise(2026, 0, 2, "skipped")]);
        assert_eq!(findings(office), []);
    });
}
