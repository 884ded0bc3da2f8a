//! The form sent by front-desk systems: one table of its members, used by the checks and by the documentation.
//!
//! All faults are reported at once, so that the applicant at the counter is asked only once. A fault never repeats a
//! value.

use crate::case::command::title_of;
use crate::case::text::{LONGEST_TEXT, LONGEST_TITLE, free_text_flaw};
use crate::case::{ApplicantKind, DeliveryForm, DeliveryWay, is_id_card};
use crate::law::Channel;
use crate::office::OfficeError;
use crate::office::cases::Application;
use crate::office::cases::applicants::IdentityKind;
use crate::office::service::validation::{Checks, is_email};
use crate::store::OrganId;
use chrono::NaiveDate;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The type of a member.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// An object. Its members have entries of their own.
    Object,
    /// One line of at most this many characters.
    Line(usize),
    /// Multi-line text of at most this many characters.
    Text(usize),
    /// `true` or `false`.
    Flag,
    /// A civil day, `YYYY-MM-DD`.
    Day,
    /// One of these codes.
    Choice(fn() -> Vec<&'static str>),
}

/// One member of the form.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// JSON pointer.
    pub pointer: &'static str,
    /// Its meaning, in Chinese.
    pub label: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it is required if its parent object is present.
    pub is_required: bool,
}

impl Field {
    /// The pointer of its parent object. Empty for the form itself.
    #[must_use]
    pub fn parent(&self) -> &'static str {
        self.pointer.rsplit_once('/').map_or("", |(parent, _)| parent)
    }

    /// Its name within the parent object.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.pointer.rsplit_once('/').map_or(self.pointer, |(_, name)| name)
    }
}

const fn required(pointer: &'static str, kind: Kind, label: &'static str) -> Field {
    Field { pointer, label, kind, is_required: true }
}

const fn optional(pointer: &'static str, kind: Kind, label: &'static str) -> Field {
    Field { pointer, label, kind, is_required: false }
}

const ORGAN: &str = "/organ";
const EXTERNAL_NUMBER: &str = "/external_number";
const IDENTITY_KIND: &str = "/applicant/identity/kind";
const IDENTITY_NUMBER: &str = "/applicant/identity/number";
const EMAIL: &str = "/applicant/contact/email";
const REQUEST: &str = "/request";
const CHANNEL: &str = "/channel";
const MISDIRECTED: &str = "/misdirected";
const SUBMITTED_ON: &str = "/submitted_on";
const SIGNED_ON: &str = "/signed_on";
const ARRIVED_ON: &str = "/arrived_on";

/// Every member of the form, in the order of the paper form.
pub const FIELDS: &[Field] = &[
    required(ORGAN, Kind::Line(60), "受理机关：机关代码或者标识"),
    required(EXTERNAL_NUMBER, Kind::Line(64), "收件系统自己的编号，同一收件系统向同一机关提交的申请不得重号"),
    required("/applicant", Kind::Object, "申请人"),
    required("/applicant/kind", Kind::Choice(applicant_kinds), "申请人类型"),
    required("/applicant/name", Kind::Line(100), "姓名或者名称"),
    optional("/applicant/identity", Kind::Object, "身份证明；加密保存"),
    required(IDENTITY_KIND, Kind::Choice(identity_kinds), "证件类型"),
    required(IDENTITY_NUMBER, Kind::Line(40), "证件号码；居民身份证核对校验码"),
    optional("/applicant/contact", Kind::Object, "联系方式；加密保存"),
    optional("/applicant/contact/telephone", Kind::Line(40), "联系电话"),
    optional(EMAIL, Kind::Line(100), "电子邮箱"),
    optional("/applicant/contact/address", Kind::Line(200), "联系地址"),
    optional("/applicant/contact/postcode", Kind::Line(20), "邮政编码"),
    optional("/applicant/contact/workplace", Kind::Line(100), "工作单位"),
    optional("/applicant/contact/legal_representative", Kind::Line(100), "法定代表人"),
    optional("/applicant/contact/contact_person", Kind::Line(100), "联系人"),
    optional("/applicant/contact/agent", Kind::Line(100), "代理人"),
    optional("/title", Kind::Line(LONGEST_TITLE), "标题；不填取所需信息的第一行"),
    required(REQUEST, Kind::Text(LONGEST_TEXT), "所需政府信息的名称、文号或者便于行政机关查询的其他特征性描述"),
    required(CHANNEL, Kind::Choice(channels), "申请方式"),
    optional(MISDIRECTED, Kind::Flag, "寄送至公开工作机构以外的机构或者个人"),
    required(SUBMITTED_ON, Kind::Day, "提交日期"),
    optional(SIGNED_ON, Kind::Day, "行政机关签收日期（含收发室、门卫签收）；签收邮件必须填写"),
    optional(ARRIVED_ON, Kind::Day, "实际到达公开工作机构的日期"),
    optional("/acknowledged_on", Kind::Day, "系统自动确认提交成功的日期"),
    optional("/confirmed_on", Kind::Day, "双方确认收到的日期"),
    optional("/delivery", Kind::Object, "获取信息的方式"),
    required("/delivery/form", Kind::Choice(delivery_forms), "载体形式"),
    required("/delivery/way", Kind::Choice(delivery_ways), "获取途径"),
    optional("/delivery/accepts_other", Kind::Flag, "无法按照指定方式提供时，也接受其他方式"),
];

fn applicant_kinds() -> Vec<&'static str> {
    ApplicantKind::ALL.iter().map(|kind| kind.code()).collect()
}

fn identity_kinds() -> Vec<&'static str> {
    IdentityKind::ALL.iter().map(|kind| kind.code()).collect()
}

fn channels() -> Vec<&'static str> {
    Channel::ALL.iter().map(|channel| channel.code()).collect()
}

fn delivery_forms() -> Vec<&'static str> {
    DeliveryForm::ALL.iter().map(|form| form.code()).collect()
}

fn delivery_ways() -> Vec<&'static str> {
    DeliveryWay::ALL.iter().map(|way| way.code()).collect()
}

/// A form that was read. [`Checks`] holds its faults.
#[derive(Debug)]
pub struct FilingForm {
    tidy: Value,
}

impl FilingForm {
    /// Reads a form as of `today`. Adds its faults to `checks`.
    #[must_use]
    pub fn read(checks: &mut Checks, body: &Value, today: NaiveDate) -> Self {
        let form = Self { tidy: tidied(body) };
        if !form.tidy.is_object() {
            checks.fault("", "invalid_type", "应为对象");
            return form;
        }
        let mut days = BTreeMap::new();
        for field in FIELDS {
            form.check(checks, field, &mut days);
        }
        unknown_members(checks, body, "");
        form.check_identity(checks);
        form.check_spelling(checks);
        form.check_signature(checks);
        check_days(checks, &days, today);
        form
    }

    /// The organ, by code or id.
    #[must_use]
    pub fn organ(&self) -> Option<&str> {
        self.text(ORGAN)
    }

    /// The case's number in the front-desk system.
    #[must_use]
    pub fn external_number(&self) -> Option<&str> {
        self.text(EXTERNAL_NUMBER)
    }

    /// Converts the form to a request to `organ`. All checks must have passed.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] if they did not.
    pub fn into_application(self, organ: OrganId) -> Result<Application, OfficeError> {
        let title = self.text(REQUEST).map(title_of);
        let Value::Object(mut members) = self.tidy else { return Err(unreadable()) };
        members.remove("organ");
        members.remove("external_number");
        members.insert("organ_id".to_owned(), Value::String(organ.to_string()));
        if let (None, Some(title)) = (members.get("title"), title) {
            members.insert("title".to_owned(), Value::String(title));
        }
        serde_json::from_value(Value::Object(members)).map_err(|_| unreadable())
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.tidy.pointer(pointer).and_then(Value::as_str)
    }

    fn check(&self, checks: &mut Checks, field: &Field, days: &mut BTreeMap<&'static str, NaiveDate>) {
        if !self.tidy.pointer(field.parent()).is_some_and(Value::is_object) {
            return; // the object it belongs to is not there, or that is a fault of its own
        }
        let Some(value) = self.tidy.pointer(field.pointer) else {
            if field.is_required {
                checks.fault(field.pointer, "required", "必须填写");
            }
            return;
        };
        let wanted = match field.kind {
            Kind::Object => value.is_object().then_some(()).ok_or("应为对象"),
            Kind::Flag => value.is_boolean().then_some(()).ok_or("应为 true 或者 false"),
            Kind::Line(max) => value.as_str().map(|text| drop(checks.line(field.pointer, text, max))).ok_or("应为文字"),
            Kind::Text(max) => value.as_str().map(|text| lines(checks, field.pointer, text, max)).ok_or("应为文字"),
            Kind::Choice(codes) => {
                value.as_str().map(|text| choice(checks, field.pointer, text, &codes())).ok_or("应为文字")
            }
            Kind::Day => value.as_str().map(|text| days.extend(day(checks, field.pointer, text))).ok_or("应为日期文字"),
        };
        if let Err(wanted) = wanted {
            checks.fault(field.pointer, "invalid_type", wanted);
        }
    }

    fn check_identity(&self, checks: &mut Checks) {
        let is_card = self.text(IDENTITY_KIND) == Some(IdentityKind::IdCard.code());
        if is_card && self.text(IDENTITY_NUMBER).is_some_and(|number| !is_id_card(number)) {
            checks.fault(IDENTITY_NUMBER, "invalid_identity_number", "居民身份证号码不正确（校验码不符）");
        }
    }

    /// Checks the values used as addresses: the e-mail address and the external number.
    fn check_spelling(&self, checks: &mut Checks) {
        if self.text(EMAIL).is_some_and(|text| !is_email(text)) {
            checks.fault(EMAIL, "invalid_email", "电子邮箱格式不正确");
        }
        let is_number = |text: &str| text.chars().any(char::is_alphanumeric) && !text.contains(['/', '\\']);
        if self.external_number().is_some_and(|text| !is_number(text)) {
            checks.fault(EXTERNAL_NUMBER, "invalid_value", "应含有文字或者数字，不得含有 / 和 \\");
        }
    }

    /// R2: registered mail is received on the day it is signed for.
    fn check_signature(&self, checks: &mut Checks) {
        let is_registered = self.text(CHANNEL) == Some(Channel::RegisteredMail.code());
        let is_misdirected = self.tidy.pointer(MISDIRECTED) == Some(&Value::Bool(true));
        if is_registered && !is_misdirected && self.tidy.pointer(SIGNED_ON).is_none() {
            checks.fault(
                SIGNED_ON,
                "signing_day_required",
                "签收邮件以行政机关签收之日为收到申请之日（《条例》第三十一条第（二）项），请填写签收日期",
            );
        }
    }
}

fn unreadable() -> OfficeError {
    OfficeError::invalid("", "invalid_value", "申请内容不符合要求")
}

/// Removes null and blank members, and trims text.
fn tidied(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().map(|(name, value)| (name.clone(), tidied(value)));
            let says_something = |value: &Value| !value.is_null() && value.as_str() != Some("");
            Value::Object(kept.filter(|(_, value)| says_something(value)).collect::<Map<_, _>>())
        }
        Value::String(text) => Value::String(text.trim().to_owned()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.clone(),
    }
}

fn unknown_members(checks: &mut Checks, value: &Value, at: &str) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        match FIELDS.iter().find(|field| field.pointer == pointer) {
            None => checks.fault(&pointer, "unknown_field", "不认识的字段"),
            Some(_) => unknown_members(checks, value, &pointer),
        }
    }
}

fn lines(checks: &mut Checks, pointer: &str, text: &str, max: usize) {
    if text.chars().count() > max {
        checks.fault(pointer, "too_long", format!("不得超过 {max} 个字"));
    }
    if let Some((code, detail)) = free_text_flaw(text) {
        checks.fault(pointer, code, detail);
    }
}

fn choice(checks: &mut Checks, pointer: &str, text: &str, codes: &[&str]) {
    if !codes.contains(&text) {
        checks.fault(pointer, "unknown_value", format!("应为以下之一：{}", codes.join("、")));
    }
}

fn day(checks: &mut Checks, pointer: &'static str, text: &str) -> Option<(&'static str, NaiveDate)> {
    // Compared with its canonical form, because chrono also accepts 2025-3-5.
    let day = text.parse::<NaiveDate>().ok().filter(|day| day.to_string() == text);
    if day.is_none() {
        checks.fault(pointer, "invalid_date", "应为存在的日期，格式为 2025-03-20");
    }
    day.map(|day| (pointer, day))
}

/// Refuses dates in the future, before the law came into force, or before the facts they depend on.
fn check_days(checks: &mut Checks, days: &BTreeMap<&'static str, NaiveDate>, today: NaiveDate) {
    let base = |pointer: &str, of: &str| days.get(of).filter(|_| pointer != of);
    for field in FIELDS {
        let Some(day) = days.get(field.pointer) else { continue };
        if *day > today {
            checks.fault(field.pointer, "date_in_future", "晚于今天，不能登记尚未发生的事实");
        } else if *day < crate::case::FIRST_DAY_IN_FORCE {
            checks.fault(field.pointer, "date_before_the_law", "早于《政府信息公开条例》施行之日（2008-05-01）");
        } else if base(field.pointer, SUBMITTED_ON).is_some_and(|submitted| day < submitted) {
            checks.fault(field.pointer, "date_before_fact", "早于提交日期");
        } else if field.pointer == ARRIVED_ON && base(ARRIVED_ON, SIGNED_ON).is_some_and(|signed| day < signed) {
            checks.fault(field.pointer, "date_before_fact", "早于签收日期");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: &Value) -> (FilingForm, Vec<(String, String)>) {
        let mut checks = Checks::new();
        let form = FilingForm::read(&mut checks, body, "2025-03-20".parse().unwrap());
        let faults = match checks.done() {
            Ok(()) => Vec::new(),
            Err(OfficeError::Invalid(faults)) => faults.into_iter().map(|f| (f.pointer, f.code.into_owned())).collect(),
            Err(other) => panic!("{other}"),
        };
        (form, faults)
    }

    /// A valid value for a member of the table.
    fn good(field: &Field) -> Value {
        match field.kind {
            Kind::Object => json!({}),
            Kind::Line(_) if field.pointer == EMAIL => json!("a@b.cn"),
            Kind::Line(_) if field.pointer == IDENTITY_NUMBER => json!("11010519491231002X"),
            Kind::Line(max) | Kind::Text(max) => json!("文".repeat(max)),
            Kind::Flag => json!(true),
            Kind::Day => json!("2025-03-20"),
            Kind::Choice(codes) => json!(codes()[0]),
        }
    }

    fn full() -> Value {
        let mut body = json!({});
        for field in FIELDS {
            let parent = body.pointer_mut(field.parent()).unwrap().as_object_mut().unwrap();
            parent.insert(field.name().to_owned(), good(field));
        }
        body
    }

    #[test]
    fn what_passes_the_table_is_an_application() {
        let (form, faults) = read(&full());
        assert_eq!(faults, []);
        assert_eq!(form.organ().unwrap().chars().count(), 60);
        let application = form.into_application(OrganId::new()).unwrap();
        assert_eq!(application.title.chars().count(), 200);
        assert!(application.misdirected && application.delivery.unwrap().accepts_other);
        assert_eq!(application.applicant.contact.agent.unwrap().chars().count(), 100);
    }

    #[test]
    fn without_its_optional_members_it_still_is_one_and_every_required_one_is_missed() {
        for field in FIELDS {
            let mut body = full();
            let parent = body.pointer_mut(field.parent()).unwrap().as_object_mut().unwrap();
            parent.remove(field.name());
            let (form, faults) = read(&body);
            if field.is_required {
                assert_eq!(faults, [(field.pointer.to_owned(), "required".to_owned())]);
            } else {
                assert_eq!(faults, [], "{}", field.pointer);
                assert!(form.into_application(OrganId::new()).is_ok(), "{}", field.pointer);
            }
        }
    }

    #[test]
    fn null_and_blank_are_as_good_as_nothing() {
        for field in FIELDS {
            for nothing in [json!(null), json!(" \t")] {
                let mut body = full();
                *body.pointer_mut(field.pointer).unwrap() = nothing;
                let (form, faults) = read(&body);
                let missed = field.is_required.then(|| (field.pointer.to_owned(), "required".to_owned()));
                assert_eq!(faults, Vec::from_iter(missed), "{}", field.pointer);
                assert!(field.is_required || form.into_application(OrganId::new()).is_ok(), "{}", field.pointer);
            }
        }
    }

    #[test]
    fn a_wrong_type_is_told_for_every_member_and_nothing_else_with_it() {
        for field in FIELDS {
            let mut body = full();
            *body.pointer_mut(field.pointer).unwrap() = json!([1]);
            let (form, faults) = read(&body);
            assert_eq!(faults, [(field.pointer.to_owned(), "invalid_type".to_owned())]);
            assert!(form.into_application(OrganId::new()).is_err() || matches!(field.pointer, ORGAN | EXTERNAL_NUMBER));
        }
        assert_eq!(read(&json!([])).1, [(String::new(), "invalid_type".to_owned())]);
    }

    #[test]
    fn one_character_too_many_is_too_long() {
        for field in FIELDS {
            let (Kind::Line(max) | Kind::Text(max)) = field.kind else { continue };
            let mut body = full();
            *body.pointer_mut(field.pointer).unwrap() = json!("9".repeat(max + 1));
            let faults = read(&body).1;
            assert_eq!(faults.first(), Some(&(field.pointer.to_owned(), "too_long".to_owned())));
        }
    }

    #[test]
    fn a_title_is_made_of_the_first_line_that_says_something() {
        assert_eq!(title_of("\n  2024年度道路养护合同\n附：清单"), "2024年度道路养护合同");
        let long = "文".repeat(61);
        assert_eq!(title_of(&long), format!("{}…", "文".repeat(59)));
        assert_eq!(title_of(&"文".repeat(60)), "文".repeat(60));
    }
}
