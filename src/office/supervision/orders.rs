//! 督办单: issuing, answering, reviewing and cancelling. Order, duty, audit entry and mails commit together.

use crate::case::{AuditAction, NotAllowed, ObligationKind, Order, OrderAct, OrderCommand, OrderStatus, Role, Stage};
use crate::law::chinese_date;
use crate::mail::deputies::with_deputies;
use crate::mail::order_notice::Notice;
use crate::mail::smtp;
use crate::office::people::access::authority_at;
use crate::office::{Authority, Caller, OfficeError, Supervision, Thing};
use crate::store::evidence::audit::{self, NewAudit};
use crate::store::mail::outbox::{self, NewMail};
use crate::store::people::departments::DepartmentRow;
use crate::store::reminders::recipients::{self, Recipient};
use crate::store::supervision::orders::{self, NamedOrder, OrderFilter, OrderRow, OrderStepRow, Owner};
use crate::store::{
    CaseId, Db, DepartmentId, ObligationId, OrderId, OrganId, StoreError, UserId,
    cases::{self, counters},
    people::{departments, organs},
};
use chrono::{Datelike, NaiveDate};
use serde::Deserialize;
use uuid::Uuid;

/// The roles that may issue an order: a supervisor of the organ or of one above it, or the organ's own office head.
pub const ISSUERS: &[Role] = &[Role::Supervisor, Role::OfficeHead];
/// The roles that may answer an order. A handler may only answer for the own department or person.
pub const ANSWERERS: &[Role] = &[Role::Clerk, Role::Handler, Role::OfficeHead];

/// 签发督办单：指明案件，或者指明科室；两者都指明的，由该科室答复该案的督办
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// 督办的案件
    #[serde(default)]
    pub case_id: Option<Uuid>,
    /// 应当答复的科室；不填为案件的承办科室、承办人
    #[serde(default)]
    pub department_id: Option<Uuid>,
    /// 督办事项和要求；不要写申请人的证件号码、电话、住址
    #[schema(max_length = 2000)]
    pub text: String,
    /// 答复日期，今天或者以后的工作日
    pub due_on: NaiveDate,
}

/// An order with its steps.
#[derive(Debug, Clone)]
pub struct OrderFile {
    /// The order with the names to display.
    pub order: NamedOrder,
    /// The steps, each with the name of the acting user.
    pub steps: Vec<(OrderStepRow, String)>,
}

/// The target of a new order.
struct Target {
    organ: OrganId,
    case: Option<CaseId>,
    department: Option<DepartmentId>,
    owner: Owner,
    authority: Authority,
}

impl Supervision<'_> {
    /// Checks that the caller may issue orders for the target. [`Supervision::issue_order`] checks whether case and
    /// department can receive one.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] if case or department does not exist for the caller; [`OfficeError::RoleRequired`] if
    /// the caller has none of the [`ISSUERS`] roles.
    pub fn admit_order(&self, db: &mut Db, caller: &Caller, new: &NewOrder) -> Result<(), OfficeError> {
        let found = match (new.case_id, new.department_id) {
            (Some(case), _) => authority_at(db, caller, Thing::Case(CaseId(case))).map_err(if_hidden(no_case)),
            (None, Some(id)) => {
                let row = departments::find(db, id.into()).map_err(OfficeError::from);
                let organ = row.map_err(if_hidden(no_department))?.organ_id;
                authority_at(db, caller, Thing::Organ(organ)).map_err(if_hidden(no_department))
            }
            // Neither is named. `issue_order` reports it.
            (None, None) => return Ok(()),
        };
        self.people().require(caller, Some(&found?), ISSUERS)
    }

    /// Issues an order. Draws its number in the same transaction.
    ///
    /// # Errors
    /// [`OfficeError::Invalid`] if case or department does not exist for the caller, or neither is named;
    /// [`OfficeError::RoleRequired`] if the caller may not issue; [`OfficeError::Refused`] for the text or the day.
    pub fn issue_order(&self, db: &mut Db, caller: &Caller, new: &NewOrder) -> Result<OrderFile, OfficeError> {
        let target = target(db, caller, new)?;
        self.people().require(caller, Some(&target.authority), ISSUERS)?;
        let (issuer_organ, issuer_role) = issues_for(caller, &target)?;
        let (today, now) = (self.clock().today(), self.clock().now());
        let desk = self.cases().desk(db, target.organ)?;
        let order = Order::issue(&new.text, new.due_on, today, &desk.calendar)?;
        let seq = counters::next(db, issuer_organ, today.year(), "supervision_order")?;
        let row = OrderRow {
            id: OrderId::new(),
            number: format!("督办〔{}〕{seq}号", today.year()),
            organ_id: target.organ,
            case_id: target.case,
            department_id: target.department,
            obligation_id: ObligationId::new(),
            issuer_id: caller.user_id,
            issuer_organ_id: issuer_organ,
            issuer_role: issuer_role.code().to_owned(),
            text: new.text.trim().to_owned(),
            article: Order::article(issuer_organ != target.organ).to_owned(),
            issued_on: today,
            due_on: order.due_on,
            status: order.status.code().to_owned(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let step = step(&row, OrderAct::Issue, caller, today, Some(&row.text), Some(row.due_on))?;
        orders::insert(db, &row, target.owner, ObligationKind::SupervisionOrder.code(), &step)?;
        self.record_step(db, caller, &row, OrderAct::Issue, Some(&row.text))
    }

    /// Answers, returns, closes or cancels an order. `expected` is the version the caller saw.
    ///
    /// # Errors
    /// [`OfficeError::Stale`] if the version differs; [`OfficeError::Refused`] if the order's status, the new day or
    /// the caller's role in it does not allow the step; [`OfficeError::NotFound`] if the order does not exist for the
    /// caller.
    pub fn act_on_order(
        &self,
        caller: &Caller,
        id: OrderId,
        command: &OrderCommand,
        expected: i64,
    ) -> Result<OrderFile, OfficeError> {
        self.store().write(|db| {
            let authority = authority_at(db, caller, Thing::Order(id))?;
            let before = orders::lock(db, id)?;
            if before.version != expected {
                return Err(OfficeError::Stale);
            }
            may_act(db, caller, &authority, &before, command)?;
            let (today, now) = (self.clock().today(), self.clock().now());
            let calendar = self.cases().desk(db, before.organ_id)?.calendar;
            let after = read_order(&before)?.decide(command, today, &calendar)?;
            let row = OrderRow {
                status: after.status.code().to_owned(),
                due_on: after.due_on,
                version: expected.saturating_add(1),
                updated_at: now,
                ..before
            };
            let text = command.text().map(str::trim);
            let new_day = (command.act() == OrderAct::Return).then_some(row.due_on);
            let step = step(&row, command.act(), caller, today, text, new_day)?;
            orders::update(db, &row, expected, after.duty().code(), &step)?;
            self.record_step(db, caller, &row, command.act(), text)
        })
    }

    /// Loads an order with its steps.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the order does not exist.
    fn order(&self, db: &mut Db, id: OrderId) -> Result<OrderFile, OfficeError> {
        Ok(OrderFile { order: orders::find(db, id)?, steps: orders::steps(db, id)? })
    }

    /// Like `order`, in its own read transaction.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the order does not exist.
    pub fn show_order(&self, id: OrderId) -> Result<OrderFile, OfficeError> {
        self.store().read(|db| self.order(db, id))
    }

    /// A page of orders to organs whose cases the caller may read, newest first. Sets the filter's `organs`.
    ///
    /// # Errors
    /// [`OfficeError::NotFound`] if the caller may not read the requested organ.
    pub fn list_orders(
        &self,
        caller: &Caller,
        (organ, with_subordinates): (Option<OrganId>, bool),
        filter: &OrderFilter,
        after: Option<OrderId>,
        limit: i64,
    ) -> Result<Vec<NamedOrder>, OfficeError> {
        self.store().read(|db| {
            let organs = self.cases().readable_organs(db, caller, organ, with_subordinates)?;
            Ok(orders::list(db, &OrderFilter { organs, ..filter.clone() }, after, limit)?)
        })
    }

    /// The open and answered orders on a case, newest first.
    pub(in crate::office) fn pending_orders(
        &self,
        db: &mut Db,
        organ: OrganId,
        case: CaseId,
    ) -> Result<Vec<NamedOrder>, OfficeError> {
        let pending = [OrderStatus::Open, OrderStatus::Answered].map(|status| status.code().to_owned());
        let filter =
            OrderFilter { organs: vec![organ], statuses: pending.to_vec(), case: Some(case), ..OrderFilter::default() };
        Ok(orders::list(db, &filter, None, MOST_PENDING)?)
    }

    /// Writes the audit entry and queues the mails of a step. Returns the order as it is now.
    fn record_step(
        &self,
        db: &mut Db,
        caller: &Caller,
        row: &OrderRow,
        act: OrderAct,
        text: Option<&str>,
    ) -> Result<OrderFile, OfficeError> {
        let file = self.order(db, row.id)?;
        let mails = self.tell(db, caller, &file.order, act, text)?;
        let detail = serde_json::json!({ "order_id": row.id.0, "number": row.number, "mails": mails }).to_string();
        let entry = NewAudit {
            actor_id: Some(caller.user_id),
            organ_id: Some(row.organ_id),
            case_id: row.case_id,
            action: action(act),
            detail: &detail,
        };
        audit::append(db, entry, self.clock().now())?;
        Ok(file)
    }

    /// Queues the mails of a step: an answer goes to the issuer, any other step to the addressee. The acting user gets
    /// none. Returns how many were queued.
    fn tell(
        &self,
        db: &mut Db,
        caller: &Caller,
        order: &NamedOrder,
        act: OrderAct,
        text: Option<&str>,
    ) -> Result<usize, OfficeError> {
        let Some(words) = words(act) else { return Ok(0) };
        let row = &order.row;
        let people = match act {
            OrderAct::Answer => issuers(db, row)?,
            OrderAct::Issue | OrderAct::Return | OrderAct::Close | OrderAct::Cancel => addressees(db, row)?,
        };
        let people = with_deputies(db, people, row.organ_id, self.clock().today())?;
        let readers_organ = if act == OrderAct::Answer { row.issuer_organ_id } else { row.organ_id };
        let opens = self.reminders().mail_opens(db, Some(readers_organ))?;
        let broken = |error: &dyn std::fmt::Display| OfficeError::Internal(format!("mail of an order: {error}"));
        let from = smtp::sender(&self.settings().smtp).map_err(|error| broken(&error))?;
        let issuing_organ = organs::find(db, row.issuer_organ_id)?.name;
        let title = format!("{}{}", row.number, words.title);
        let facts = facts(order, &issuing_organ);
        let mut queued = 0;
        for (person, stands_in) in people.iter().filter(|(person, _)| person.user_id != caller.user_id) {
            if !recipients::still_hears_of(db, person.user_id, row.organ_id)? {
                continue;
            }
            let notice = Notice {
                person: &person.display_name,
                to: &person.email,
                title: &title,
                lead: words.lead,
                facts: &facts,
                quote: text.map(|text| (words.quote, text)),
                next_steps: words.next_steps,
                reason: stands_in.as_deref().unwrap_or(words.reason),
            };
            let mail = match self.templates().notice(&notice, &from, Uuid::now_v7(), self.clock().now().0) {
                Ok(mail) => mail,
                // An invalid address must not block the order. The reminders still follow.
                Err(cause) => {
                    tracing::warn!(%cause, order = %row.id.0, "a notice of an order cannot be made");
                    continue;
                }
            };
            let new = NewMail {
                dedupe_key: format!("order/{}/{}/{}", row.id.0, row.version, person.user_id.0),
                organ_id: Some(row.organ_id),
                case_id: row.case_id,
                recipient_id: Some(person.user_id),
                to_address: person.email.clone(),
                subject: mail.subject,
                message_id: mail.message_id,
                message: mail.bytes,
                not_before: opens,
                not_after: None,
            };
            queued += usize::from(outbox::enqueue(db, &new)?);
        }
        Ok(queued)
    }
}

/// Maximum number of orders shown with a case.
const MOST_PENDING: i64 = 50;

/// The target of a new order, and the caller's authority there.
fn target(db: &mut Db, caller: &Caller, new: &NewOrder) -> Result<Target, OfficeError> {
    let department = match new.department_id {
        Some(id) => Some(department(db, id.into())?),
        None => None,
    };
    let Some(case) = new.case_id.map(CaseId) else {
        let department = department
            .ok_or_else(|| OfficeError::invalid("/case_id", "required", "须指明督办哪件案件，或者督办哪个科室"))?;
        let authority =
            authority_at(db, caller, Thing::Organ(department.organ_id)).map_err(if_hidden(no_department))?;
        let owner = Owner { user: None, department: Some(department.id) };
        return Ok(Target {
            organ: department.organ_id,
            case: None,
            department: Some(department.id),
            owner,
            authority,
        });
    };
    let authority = authority_at(db, caller, Thing::Case(case)).map_err(if_hidden(no_case))?;
    let row = cases::find(db, case)?;
    if row.stage == Stage::Void.code() {
        return Err(OfficeError::invalid("/case_id", "is_void", "案件已作废，没有可以督办的"));
    }
    if department.as_ref().is_some_and(|department| department.organ_id != row.organ_id) {
        return Err(no_department());
    }
    let named = department.map(|department| department.id);
    let owner = match named {
        Some(department) => Owner { user: None, department: Some(department) },
        None => Owner { user: row.handler_id, department: row.department_id },
    };
    Ok(Target { organ: row.organ_id, case: Some(case), department: named, owner, authority })
}

fn department(db: &mut Db, id: DepartmentId) -> Result<DepartmentRow, OfficeError> {
    match departments::find(db, id) {
        Ok(row) if row.is_active => Ok(row),
        Ok(_) | Err(StoreError::NotFound) => Err(no_department()),
        Err(other) => Err(other.into()),
    }
}

/// Turns `NotFound` into a fault of the field that names the thing.
fn if_hidden(fault: fn() -> OfficeError) -> impl FnOnce(OfficeError) -> OfficeError {
    move |error| if matches!(error, OfficeError::NotFound) { fault() } else { error }
}

fn no_case() -> OfficeError {
    OfficeError::invalid("/case_id", "not_found", "没有这件案件，或者不能对其督办")
}

fn no_department() -> OfficeError {
    OfficeError::invalid("/department_id", "not_found", "没有这个科室，或者不能对其督办")
}

/// The organ and role in which the caller issues: the ones nearest to the organ that has to answer.
fn issues_for(caller: &Caller, target: &Target) -> Result<(OrganId, Role), OfficeError> {
    let path = &target.authority.organ_path;
    let place = |organ: OrganId| path.find(&format!("/{}/", organ.0));
    let counts = |(organ, role): &&(OrganId, Role)| match role {
        Role::Supervisor => place(*organ).is_some(),
        Role::OfficeHead => *organ == target.organ,
        Role::Intake | Role::Clerk | Role::Handler | Role::Reviewer | Role::Leader | Role::Auditor | Role::Admin => {
            false
        }
    };
    let nearest = caller.roles.iter().filter(counts).max_by_key(|(organ, role)| (place(*organ), *role));
    nearest.copied().ok_or_else(|| OfficeError::RoleRequired { roles: ISSUERS.to_vec() })
}

/// Checks who may act: the organ answers, the issuing side reviews, and no one reviews their own answer.
fn may_act(
    db: &mut Db,
    caller: &Caller,
    authority: &Authority,
    row: &OrderRow,
    command: &OrderCommand,
) -> Result<(), OfficeError> {
    let refused = |code, detail: &str| Err(NotAllowed::new(code, detail).into());
    match command.act() {
        OrderAct::Answer if caller.user_id == row.issuer_id => {
            refused("issuer_cannot_answer", "督办单由被督办的机关、科室的其他人员答复，不能由签发人自己答复")
        }
        OrderAct::Answer if authority.has_any(&[Role::Clerk, Role::OfficeHead]) => Ok(()),
        OrderAct::Answer => {
            let owner = orders::owner(db, row)?;
            let is_theirs = owner.user == Some(caller.user_id)
                || owner.department.is_some_and(|department| caller.department_id == Some(department));
            if is_theirs { Ok(()) } else { refused("not_your_department", "不是督办本科室、本人的事项") }
        }
        OrderAct::Issue | OrderAct::Return | OrderAct::Close | OrderAct::Cancel => {
            let same_part = caller
                .roles
                .iter()
                .any(|(organ, role)| *organ == row.issuer_organ_id && role.code() == row.issuer_role);
            if !same_part {
                return refused("not_the_issuer", "由签发人办理；签发人不在的，由签发机关与其角色相同的人员办理");
            }
            let is_judged = matches!(command.act(), OrderAct::Return | OrderAct::Close);
            if is_judged && last_answer_by(db, row)? == Some(caller.user_id) {
                return refused("own_answer", "答复是您本人登记的，由签发人或者签发机关与其角色相同的其他人员审阅");
            }
            Ok(())
        }
    }
}

/// The user who recorded the last answer.
fn last_answer_by(db: &mut Db, row: &OrderRow) -> Result<Option<UserId>, OfficeError> {
    let steps = orders::steps(db, row.id)?;
    let last = steps.iter().rev().find(|(step, _)| step.act == OrderAct::Answer.code());
    Ok(last.map(|(step, _)| step.actor_id))
}

pub(in crate::office) fn read_order(row: &OrderRow) -> Result<Order, OfficeError> {
    let status = OrderStatus::from_code(&row.status)
        .ok_or_else(|| OfficeError::unreadable(format!("status '{}' of order {}", row.status, row.id.0)))?;
    Ok(Order { status, due_on: row.due_on })
}

fn step(
    row: &OrderRow,
    act: OrderAct,
    caller: &Caller,
    acted_on: NaiveDate,
    text: Option<&str>,
    due_on: Option<NaiveDate>,
) -> Result<OrderStepRow, OfficeError> {
    let seq = i32::try_from(row.version).map_err(|_| OfficeError::Internal("an order of too many steps".into()))?;
    Ok(OrderStepRow {
        order_id: row.id,
        seq,
        act: act.code().to_owned(),
        acted_on,
        actor_id: caller.user_id,
        text: text.map(str::to_owned),
        due_on,
        recorded_at: row.updated_at,
    })
}

/// The persons who have to answer, and the office heads of the organ.
fn addressees(db: &mut Db, row: &OrderRow) -> Result<Vec<Recipient>, OfficeError> {
    let owner = orders::owner(db, row)?;
    let (_, mut people) = recipients::handlers(db, row.organ_id, owner.user, owner.department)?;
    for head in recipients::with_role(db, row.organ_id, Role::OfficeHead)? {
        if !people.iter().any(|known| known.user_id == head.user_id) {
            people.push(head);
        }
    }
    Ok(people)
}

/// The issuer, or the other holders of the same role if the issuer is unreachable or no longer holds it.
fn issuers(db: &mut Db, row: &OrderRow) -> Result<Vec<Recipient>, OfficeError> {
    let unknown = || OfficeError::unreadable(format!("role '{}' of order {}", row.issuer_role, row.id.0));
    let role = Role::from_code(&row.issuer_role).ok_or_else(unknown)?;
    let holders = recipients::with_role(db, row.issuer_organ_id, role)?;
    let issuer = holders.iter().find(|holder| holder.user_id == row.issuer_id).cloned();
    Ok(issuer.map_or(holders, |issuer| vec![issuer]))
}

const fn action(act: OrderAct) -> AuditAction {
    match act {
        OrderAct::Issue => AuditAction::OrderIssued,
        OrderAct::Answer => AuditAction::OrderAnswered,
        OrderAct::Return => AuditAction::OrderReturned,
        OrderAct::Close => AuditAction::OrderClosed,
        OrderAct::Cancel => AuditAction::OrderCancelled,
    }
}

/// The fixed texts of a step's mail.
struct Words {
    title: &'static str,
    lead: &'static str,
    quote: &'static str,
    next_steps: &'static [&'static str],
    reason: &'static str,
}

/// The texts of a step. `None` for closing, which sends no mail.
const fn words(act: OrderAct) -> Option<Words> {
    const ADDRESSEE: &str = "您是督办事项的承办人员或者本机关公开工作机构负责人。";
    match act {
        OrderAct::Issue => Some(Words {
            title: "：请答复",
            lead: "收到一份督办单，请在答复日期前登记书面答复。",
            quote: "督办事项和要求",
            next_steps: &["核实情况，在系统中登记对督办单的答复。", "督办单不改变对申请人的法定答复期限。"],
            reason: ADDRESSEE,
        }),
        OrderAct::Answer => Some(Words {
            title: "：已有答复",
            lead: "您签发的督办单已有答复，请审阅。",
            quote: "答复内容",
            next_steps: &["认可的，办结督办单；不认可的，写明理由和新的答复日期，退回。"],
            reason: "您是督办单的签发人，或者在签发机关与签发人角色相同。",
        }),
        OrderAct::Return => Some(Words {
            title: "：答复被退回",
            lead: "对督办单的答复被签发人退回，请在新的答复日期前重新答复。",
            quote: "退回的理由",
            next_steps: &["按退回的理由补充核实，重新登记答复。"],
            reason: ADDRESSEE,
        }),
        OrderAct::Cancel => Some(Words {
            title: "：已撤销",
            lead: "督办单已由签发人撤销，不需要再答复。",
            quote: "撤销的理由",
            next_steps: &[],
            reason: ADDRESSEE,
        }),
        OrderAct::Close => None,
    }
}

/// The lines that describe an order. Contains no data of the applicant; names the case by its number only.
fn facts(order: &NamedOrder, issuing_organ: &str) -> Vec<(&'static str, String)> {
    let row = &order.row;
    let mut facts = vec![
        ("督办单", row.number.clone()),
        ("签　发", format!("{issuing_organ}　{}", order.issuer_name)),
        ("督办对象", order.organ_name.clone()),
    ];
    if row.case_id.is_some() {
        facts.push(("案　件", order.case_number.clone().unwrap_or_else(|| "（尚未编号）".to_owned())));
    }
    facts.extend(order.department_name.clone().map(|name| ("科　室", name)));
    facts.push(("答复日期", chinese_date(row.due_on)));
    facts.push(("依　据", row.article.clone()));
    facts
}

/// Whether an order is still unanswered after its day.
#[must_use]
pub fn is_overdue(row: &OrderRow, today: NaiveDate) -> bool {
    row.status == OrderStatus::Open.code() && row.due_on < today
}
