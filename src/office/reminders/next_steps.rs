//! Which lawful actions settle a duty.

use crate::case::{Action, CommandKind, ObligationKind};
use crate::mail::duty::commands;
use chrono::NaiveDate;

/// The lawful actions that settle a duty of this kind or lead to it, the usual one first.
pub(super) fn settling(kind: ObligationKind, actions: &[Action], today: NaiveDate) -> Vec<Action> {
    let lawful: Vec<&Action> = actions.iter().filter(|action| is_lawful(action, today)).collect();
    let of = |command: &CommandKind| lawful.iter().find(|action| action.command == *command);
    commands(kind).iter().filter_map(of).map(|action| (*action).clone()).collect()
}

/// The names of the other lawful actions. `None` as the kind: of all.
pub(super) fn others(kind: Option<ObligationKind>, actions: &[Action], today: NaiveDate) -> Vec<&'static str> {
    let wanted = kind.map(commands).unwrap_or_default();
    let is_other = |action: &&Action| !wanted.contains(&action.command) && !takes_back(action.command);
    let lawful = actions.iter().filter(|action| is_lawful(action, today));
    lawful.filter(is_other).map(|action| action.command.label()).collect()
}

/// Whether the action is permitted and still has an effect: some have none once their day has passed.
fn is_lawful(action: &Action, today: NaiveDate) -> bool {
    match &action.permit {
        Ok(permit) => !(is_void_when_late(action.command) && permit.until.is_some_and(|until| until < today)),
        Err(_) => false,
    }
}

/// Whether an action only takes back or passes on what was given before. It fulfils no duty, so neither lists nor mails suggest it.
const fn takes_back(command: CommandKind) -> bool {
    matches!(
        command,
        CommandKind::Void
            | CommandKind::RecallReply
            | CommandKind::RevokeReply
            | CommandKind::WithdrawTask
            | CommandKind::Reassign
    )
}

/// Whether an action has no effect after its day. The others remain owed when late.
const fn is_void_when_late(command: CommandKind) -> bool {
    matches!(command, CommandKind::Extend | CommandKind::RequestCorrection)
}
