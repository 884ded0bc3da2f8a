//! Our own report: what the logs say, rolled up, over HTTP and on the command line.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gongkai::case::Role;
use gongkai::report::annual::{Form, Period, Table, TableLine, table_three};
use serde_json::{Value, json};
use std::process::Command;

use super::docket::{docket, end, from, lines, reply, set_aside};
use crate::support::bureau::Bureau;
use crate::support::{SEALING_KEY, on_both_databases};

const ANNUAL: &str = "/api/v1/reports/annual";

#[track_caller]
pub fn ask(bureau: &Bureau, query: &str) -> Value {
    let answer = bureau.service.get(&format!("{ANNUAL}?{query}"), &bureau.clerk);
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer.json
}

fn numbers(table: &Table) -> Value {
    serde_json::to_value(table).unwrap()
}

/// Whatever the departments ended is what the table has, group by group and in all.
#[track_caller]
fn departments_add_up(answer: &Value, form: Form, table: &Table) {
    let departments = answer["departments"].as_array().unwrap();
    let all = if form == Form::Sheet2014 { "（二）申请办结数" } else { "三(七)总计" };
    let ended: u64 = departments.iter().map(|mix| mix["ended"].as_u64().unwrap()).sum();
    assert_eq!(ended, u64::from(table.get(all, "总计").unwrap()), "{departments:?}");
    for row in form.result_rows() {
        let group = gongkai::report::annual::form::group(row);
        let of_group = form.result_rows().into_iter().filter(|other| other.starts_with(group));
        let expected: u32 = of_group.map(|row| table.get(row, "总计").unwrap()).sum();
        let found: u64 = departments.iter().map(|mix| mix["results"][group].as_u64().unwrap()).sum();
        assert_eq!(found, u64::from(expected), "{group} {departments:?}");
    }
}

#[test]
fn each_department_is_told_by_result_what_it_ended() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2022-03-01");
        let given = |on: &str| {
            let mut case = from(&bureau, on, "natural_person");
            case.clerk("tasks", json!({ "on": on, "department_id": bureau.department }));
            case
        };
        reply(&mut given("2023-02-01"), "2023-02-10", json!({}));
        reply(&mut given("2023-02-02"), "2023-02-10", json!({ "outcome": "refused.internal_affairs" }));
        // Set aside in the next year: it was ended in this one, and is no second application when it is answered again.
        let mut aside = given("2023-11-01");
        reply(&mut aside, "2023-11-10", json!({ "outcome": "refused.internal_affairs" }));
        set_aside(&mut aside, "2024-02-20");
        reply(&mut aside, "2024-03-06", json!({}));
        let mut nobodys = from(&bureau, "2023-03-01", "natural_person");
        nobodys.clerk("withdrawal", json!({ "on": "2023-03-01", "identity_checked": true }));
        given("2023-12-01");
        end(&bureau);
        let told = |year: i32| {
            let mixes = ask(&bureau, &format!("year={year}"))["departments"].as_array().unwrap().clone();
            let line = |mix: &Value| {
                let results = mix["results"].as_object().unwrap().iter();
                let some: Vec<String> = results
                    .filter(|(_, count)| **count != 0)
                    .map(|(group, count)| format!("{group} {count}"))
                    .collect();
                (mix["department"].as_str().map(str::to_owned), mix["ended"].as_u64().unwrap(), some.join("、"))
            };
            mixes.iter().map(line).collect::<Vec<_>>()
        };
        let department = Some("耕地保护科".to_owned());
        assert_eq!(
            told(2023),
            [
                (department, 3, "三(一)予以公开 1、三(三)不予公开 2".to_owned()),
                (None, 1, "三(六)其他处理 1".to_owned())
            ]
        );
        assert_eq!(told(2024), []);
        let (_, page) = bureau.service.download(&format!("{ANNUAL}?year=2023&format=html"), &bureau.clerk, "*/*");
        let page = String::from_utf8(page).unwrap();
        for words in [
            "附一：各承办科室办结情况（不属于公开的格式）",
            "<td class=\"label\">耕地保护科</td><td>1</td><td>2</td>",
            "（未分办科室）",
        ] {
            assert!(page.contains(words), "{words}");
        }
        let (_, csv) = bureau.service.download(&format!("{ANNUAL}?year=2023&format=csv"), &bureau.clerk, "*/*");
        let csv = String::from_utf8(csv).unwrap();
        assert!(csv.contains("承办科室,耕地保护科,1,2,0,3"), "{csv}");
    });
}

#[test]
fn every_form_of_every_period_counts_what_the_logs_of_the_cases_say() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2022-03-01");
        docket(&bureau);
        end(&bureau);
        let lines: Vec<TableLine> = lines(&bureau.service.office).into_values().collect();
        let mut counted = 0;
        for year in 2021..=2025 {
            for part in ["year", "h1", "h2", "q1", "q2", "q3", "q4", "m1", "m5", "m12"] {
                for form in Form::ALL {
                    let (period, name) = Period::named(year, part).unwrap();
                    let answer = ask(&bureau, &format!("year={year}&period={part}&form={}", form.code()));
                    let expected = table_three(form, &period, &lines);
                    assert_eq!(answer["table3"], numbers(&expected), "{name} {form:?}");
                    assert_eq!((&answer["is_complete"], &answer["period"]), (&json!(true), &json!(name)));
                    departments_add_up(&answer, form, &expected);
                    counted += expected.rows.iter().flat_map(|(_, cells)| cells).filter(|count| **count > 0).count();
                }
            }
        }
        assert!(counted > 500, "only {counted} cells had anything in them");
    });
}

#[test]
fn a_year_has_its_form_and_its_figures_are_these() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2022-03-01");
        docket(&bureau);
        end(&bureau);
        let total = |report: &Value, row: &str| report["table3"][row]["总计"].as_u64().unwrap();
        let rows = [
            "一、本年新收政府信息公开申请数量",
            "二、上年结转政府信息公开申请数量",
            "三(一)予以公开",
            "三(二)部分公开",
            "三(三)不予公开-5.属于三类内部事务信息",
            "三(六)其他处理-3.其他",
            "三(七)总计",
            "四、结转下年度继续办理",
        ];
        let figures = |year: i32| -> Vec<u64> {
            let report = ask(&bureau, &format!("year={year}"));
            assert_eq!(report["format"], "2021");
            rows.iter().map(|row| total(&report, row)).collect()
        };
        // 2022: provided, and one refused that was set aside a year later; one carried over.
        assert_eq!(figures(2022), [3, 0, 1, 0, 1, 0, 2, 1]);
        // 2023: refused (extended), withdrawn, two parts of the one split in its year, one set aside within the year, one to be split.
        assert_eq!(figures(2023), [6, 1, 0, 1, 1, 1, 3, 4]);
        // 2024: two parts of the one split later, one merged into another, one late; the split one ends as other.
        assert_eq!(figures(2024), [5, 4, 2, 0, 0, 2, 4, 5]);
        let remedies = |year: i32| ask(&bureau, &format!("year={year}"))["table4"].clone();
        assert_eq!(
            remedies(2023)["行政复议"],
            json!({"结果维持": 0, "结果纠正": 2, "其他结果": 0, "尚未审结": 0, "总计": 2})
        );
        assert_eq!(remedies(2024)["行政诉讼-未经复议直接起诉"]["尚未审结"], 1);
        for (year, form) in [(2018, "2014"), (2019, "2019"), (2020, "2019"), (2021, "2021")] {
            assert_eq!(ask(&bureau, &format!("year={year}"))["format"], form);
        }
        let narrative = ask(&bureau, "year=2023")["narrative"].as_str().unwrap().to_owned();
        let expected = "2023年，我局收到政府信息公开申请6件，其中自然人申请5件，法人或其他组织申请1件；上年结转1件。办结政府信息公开申请3件，其中予以公开0件，部分公开1件，不予公开1件，无法提供0件，不予处理0件，其他处理1件；结转下年度继续办理4件。\n2023年，我局因政府信息公开被申请行政复议2件（结果纠正2件）；未被提起行政诉讼。";
        assert_eq!(narrative.replace("本机关", "我局"), expected);
    });
}

#[test]
fn our_own_report_stands_the_check_of_published_ones() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2022-03-01");
        docket(&bureau);
        end(&bureau);
        let reports: Vec<Value> = (2021..=2024).map(|year| ask(&bureau, &format!("year={year}"))).collect();
        let check = |reports: &[Value]| {
            let body = json!({ "reports": reports });
            let answer = bureau.service.call("POST", "/api/v1/reports/check", &bureau.clerk, Some(body));
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.json
        };
        for checked in check(&reports)["reports"].as_array().unwrap() {
            assert_eq!(checked["findings"], json!([]), "{checked:#}");
        }
        let mut spoilt = reports;
        spoilt[2]["table3"]["三(一)予以公开"]["自然人"] = json!(7);
        let found = check(&spoilt);
        let rules: Vec<&str> = found["reports"][2]["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["rule"].as_str().unwrap())
            .collect();
        assert_eq!(rules, ["row_total", "results_total"]);
        let cause = found["reports"][2]["findings"][0]["cause"].as_str().unwrap();
        assert!(cause.starts_with("“三(一)予以公开”的“自然人”栏应为0"), "{cause}");
    });
}

#[test]
fn what_cannot_be_read_as_a_report_is_told_by_its_place() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let fields = |reports: Value| {
            let answer = bureau.service.call(
                "POST",
                "/api/v1/reports/check",
                &bureau.clerk,
                Some(json!({ "reports": reports })),
            );
            let fields: Vec<(String, String)> =
                answer.fields().iter().map(|(at, code)| ((*at).to_owned(), (*code).to_owned())).collect();
            (answer.status, fields)
        };
        let one = |at: &str, code: &str| (422, vec![(at.to_owned(), code.to_owned())]);
        assert_eq!(fields(json!([])), one("/reports", "out_of_range"));
        assert_eq!(fields(json!([{ "year": 2023 }, {}])), one("/reports/1/year", "year_missing"));
        assert_eq!(
            fields(json!([{ "year": 2023, "table3": { "四、结转下年度继续办理": { "总计": -1 } } }])),
            one("/reports/0/table3/四、结转下年度继续办理/总计", "not_a_figure")
        );
    });
}

#[test]
fn a_published_report_may_be_given_to_the_checker_as_the_file_it_is() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2022-03-01");
        docket(&bureau);
        end(&bureau);
        let file = |year: i32, format: &str| {
            let path = format!("/api/v1/reports/annual?year={year}&format={format}");
            let (_, bytes) = bureau.service.download(&path, &bureau.clerk, "*/*");
            json!({ "content": STANDARD.encode(bytes) })
        };
        let check = |reports: Value| {
            let body = json!({ "reports": reports });
            bureau.service.call("POST", "/api/v1/reports/check", &bureau.clerk, Some(body))
        };
        let mut spoilt = ask(&bureau, "year=2024");
        spoilt["table3"]["二、上年结转政府信息公开申请数量"]["自然人"] = json!(99);
        let members = check(json!([ask(&bureau, "year=2022"), ask(&bureau, "year=2023"), spoilt]));
        let spoilt = json!({ "content": STANDARD.encode(spoilt.to_string()) });
        let files = check(json!([file(2022, "xlsx"), file(2023, "csv"), spoilt]));
        assert_eq!((files.status, &files.json), (200, &members.json));
        assert_eq!(files.json["reports"][1]["findings"], json!([]));
        let rules = files.json["reports"][2]["findings"].as_array().unwrap().iter().map(|one| one["rule"].clone());
        assert!(rules.into_iter().any(|rule| rule == "carry_over"), "{:#}", files.json);
        let half = STANDARD.encode(b"PK\x03\x04 half a file");
        let faulty = check(json!([file(2023, "csv"), { "content": "§" }, { "content": half }, { "content": 12 }]));
        assert_eq!(faulty.status, 422);
        assert_eq!(
            faulty.fields(),
            [
                ("/reports/1/content", "invalid_value"),
                ("/reports/2/content", "malformed_xlsx"),
                ("/reports/3/content", "invalid_value")
            ]
        );
    });
}

#[test]
fn a_report_rolls_up_over_those_who_report_to_the_organ_for_whoever_watches_them_all() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let service = &bureau.service;
        let below = service.organ("xian", Some(bureau.organ));
        let elsewhere = service.organ("zhuanyuan", Some(bureau.organ));
        let theirs = |organ: gongkai::store::OrganId, name: &str| {
            let token = service.user_token(name, organ, &[Role::Clerk]);
            let mut application = bureau.application("2024-03-01");
            application["organ_id"] = json!(organ.0);
            let made = service.create("/api/v1/cases", &token, application);
            assert_eq!(made.status, 201, "{made:?}");
        };
        theirs(below, "xianban");
        theirs(elsewhere, "zhuanban");
        bureau.registered("2024-03-01");
        // A vertically managed organ reports to its own line.
        let line = service.organ("sheng", None);
        let admin = service.user_token("guanli", bureau.organ, &[Role::Admin]);
        let path = format!("/api/v1/organs/{}", elsewhere.0);
        let etag = service.get(&path, &admin).header("etag").to_owned();
        let change =
            service.call_with("PATCH", &path, &admin, &[("if-match", &etag)], Some(json!({ "reports_to": line.0 })));
        assert_eq!(change.status, 200, "{change:?}");
        bureau.on("2025-01-10");
        let received = |report: &Value| report["table3"]["一、本年新收政府信息公开申请数量"]["总计"].as_u64();
        assert_eq!(received(&ask(&bureau, "year=2024")), Some(1));
        let rolled = service.get(&format!("{ANNUAL}?year=2024&with_subordinates=true"), &bureau.supervisor);
        assert_eq!(received(&rolled.json), Some(2), "{rolled:?}");
        assert_eq!(rolled.json["organs"].as_array().unwrap().len(), 2);
        let refused = service.get(&format!("{ANNUAL}?year=2024&with_subordinates=true"), &bureau.clerk);
        assert_eq!(refused.problem(), (403, "role_required"));
    });
}

#[test]
fn a_year_period_or_form_there_is_not_is_refused_by_name() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2024-03-01");
        let refused = |query: &str| {
            let answer = bureau.service.get(&format!("{ANNUAL}?{query}"), &bureau.clerk);
            answer.fields().first().map(|(at, code)| (answer.status, (*at).to_owned(), (*code).to_owned()))
        };
        let is = |status: u16, at: &str, code: &str| Some((status, at.to_owned(), code.to_owned()));
        assert_eq!(refused("year=2007"), is(422, "?year", "out_of_range"));
        assert_eq!(refused("year=2025"), is(422, "?year", "out_of_range"));
        assert_eq!(refused("period=q5"), is(422, "?period", "invalid_value"));
        assert_eq!(refused("form=2020"), is(400, "?form", "invalid_value"));
    });
}

#[test]
fn hot_topics_and_fees_of_the_year_are_in_the_report() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2023-03-01");
        let tag = |case: &crate::support::bureau::CaseAt<'_>, tags: &[&str]| {
            let etag = bureau.service.get(&case.path("tags"), &bureau.clerk).header("etag").to_owned();
            let set = bureau.service.call_with(
                "PUT",
                &case.path("tags"),
                &bureau.clerk,
                &[("if-match", &etag)],
                Some(json!({ "tags": tags })),
            );
            assert_eq!(set.status, 200, "{set:?}");
        };
        let mut one = from(&bureau, "2023-03-01", "natural_person");
        tag(&one, &["土地征收", "规划许可"]);
        let two = from(&bureau, "2023-03-01", "natural_person");
        tag(&two, &["土地征收"]);
        one.clerk("fee", json!({ "on": "2023-03-01", "basis": "by_page", "count": 68, "counted_before": 0 }));
        one.clerk("fee-payment", json!({ "on": "2023-03-01" }));
        reply(&mut one, "2023-03-10", json!({}));
        bureau.on("2024-01-10");
        let report = ask(&bureau, "year=2023");
        assert_eq!((&report["fee_yuan"], &report["topics"]), (&json!(380), &json!(["土地征收", "规划许可"])));
        let counts = json!([{ "topic": "土地征收", "applications": 2 }, { "topic": "规划许可", "applications": 1 }]);
        assert_eq!(report["topic_counts"], counts);
        assert!(
            report["narrative"].as_str().unwrap().contains("申请内容主要涉及土地征收、规划许可等方面。"),
            "{report:#}"
        );
        assert_eq!(report["part_six"], "依据《政府信息公开信息处理费管理办法》，2023年实际收取信息处理费共计380元。");
        assert_eq!(ask(&bureau, "year=2022")["fee_yuan"], 0);
    });
}

/// What stands on standard error besides the line that names the database.
fn without_place(errors: &str) -> String {
    errors.lines().filter(|line| !line.starts_with("数据库 / database: ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_command_prints_what_the_service_answers() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2022-03-01");
        docket(&bureau);
        end(&bureau);
        let run = |args: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_gongkai"));
            command.args(["report", "annual"]).args(args).env("GONGKAI_DATABASE_URL", &database.options.url);
            command.env("GONGKAI_SECURITY__SEALING_KEY", SEALING_KEY);
            command.env("GONGKAI_SECURITY__TOKEN_SECRET", "a secret of the tests, longer than thirty-two bytes");
            let done = command.output().unwrap();
            (done.status.code(), done.stdout, without_place(&String::from_utf8(done.stderr).unwrap()))
        };
        let (code, out, err) = run(&["--organ", "zrzy", "--year", "2023", "--format", "json"]);
        assert_eq!(code, Some(0), "{err}");
        let mut printed: Value = serde_json::from_slice(&out).unwrap();
        let mut answered = ask(&bureau, "year=2023");
        for report in [&mut printed, &mut answered] {
            // The command asks the real clock.
            report["as_of"] = Value::Null;
        }
        assert_eq!(printed, answered);
        let (code, _, err) = run(&["--organ", "nobody", "--year", "2023"]);
        assert_eq!((code, err.trim_end()), (Some(2), "没有代码为 nobody 的机关"));
        let (code, _, err) = run(&["--organ", "zrzy", "--year", "1999"]);
        assert!(code == Some(2) && err.contains("--year"), "{err}");
    });
}

#[test]
fn every_format_is_downloaded_and_the_checker_reads_the_tables_back() {
    on_both_databases(|database| {
        let bureau = Bureau::open(database, "2022-03-01");
        docket(&bureau);
        end(&bureau);
        let dir = tempfile::tempdir().unwrap();
        for (format, media, begins) in [
            ("csv", "text/csv; charset=utf-8", &b"\xef\xbb\xbf"[..]),
            ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
            ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK"),
            ("html", "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        ] {
            let path = format!("{ANNUAL}?year=2023&format={format}");
            let (kind, bytes) = bureau.service.download(&path, &bureau.clerk, "*/*");
            assert!(kind == media && bytes.starts_with(begins), "{format}: {kind}");
            if format == "csv" || format == "xlsx" {
                let file = dir.path().join(format!("report.{format}"));
                std::fs::write(&file, bytes).unwrap();
                let done =
                    Command::new(env!("CARGO_BIN_EXE_gongkai")).args(["report", "check"]).arg(&file).output().unwrap();
                let out = String::from_utf8(done.stdout).unwrap();
                assert!(done.status.code() == Some(0) && out.contains("没有差错"), "{format}: {out}");
            } else if format == "html" {
                let page = String::from_utf8(bytes).unwrap();
                let chart = page.split("aria-label=\"办理结果\"").nth(1).and_then(|rest| rest.split("</svg>").next());
                let texts = chart.unwrap().split("<text x=\"0\"").skip(1);
                let labels: Vec<&str> = texts.filter_map(|rest| rest.split(['>', '<']).nth(1)).collect();
                assert_eq!(
                    labels,
                    ["（二）部分公开", "（三）不予公开", "（六）其他处理"],
                    "short enough to stand beside the bars"
                );
            }
        }
        let unknown = bureau.service.get(&format!("{ANNUAL}?format=pdf"), &bureau.clerk);
        assert_eq!(unknown.fields(), [("?format", "invalid_value")]);
    });
}
