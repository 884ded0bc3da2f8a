//! The tables, as created by the migrations of both databases.
#![expect(missing_docs, reason = "the columns are explained in migrations/*/up.sql")]

diesel::table! {
    use diesel::sql_types::*;
    meta (key) {
        key -> Text,
        value -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    organs (id) {
        id -> UuidT,
        code -> Text,
        name -> Text,
        parent_id -> Nullable<UuidT>,
        reports_to -> Nullable<UuidT>,
        path -> Text,
        region -> Text,
        settings -> Text,
        created_at -> TsT,
        version -> BigInt,
        ended_on -> Nullable<Date>,
        successor_id -> Nullable<UuidT>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    organ_successions (organ_id) {
        organ_id -> UuidT,
        successor_id -> UuidT,
        ended_on -> Date,
        reason -> Text,
        basis -> Nullable<Text>,
        recorded_by -> UuidT,
        recorded_at -> TsT,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::UuidT;
    departments (id) {
        id -> UuidT,
        organ_id -> UuidT,
        code -> Text,
        name -> Text,
        is_active -> Bool,
        head_id -> Nullable<UuidT>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    users (id) {
        id -> UuidT,
        username -> Text,
        display_name -> Text,
        email -> Nullable<Text>,
        kind -> Text,
        password_hash -> Text,
        department_id -> Nullable<UuidT>,
        is_active -> Bool,
        token_epoch -> Integer,
        created_at -> TsT,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::UuidT;
    user_roles (user_id, organ_id, role) {
        user_id -> UuidT,
        organ_id -> UuidT,
        role -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    refresh_tokens (id) {
        id -> UuidT,
        user_id -> UuidT,
        family -> UuidT,
        token_hash -> Text,
        issued_at -> TsT,
        expires_at -> TsT,
        used_at -> Nullable<TsT>,
        revoked_at -> Nullable<TsT>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    login_attempts (key) {
        key -> Text,
        window_started_at -> TsT,
        failures -> Integer,
        refused -> Integer,
        lockout_id -> Nullable<UuidT>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    known_networks (user_id, network) {
        user_id -> UuidT,
        network -> Text,
        last_at -> TsT,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    applicants (id) {
        id -> UuidT,
        organ_id -> UuidT,
        kind -> Text,
        name -> Text,
        identity_kind -> Nullable<Text>,
        identity_sealed -> Nullable<Binary>,
        identity_index -> Nullable<Text>,
        contact_sealed -> Nullable<Binary>,
        created_at -> TsT,
        identity_is_unverified -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    applicant_versions (id) {
        id -> UuidT,
        applicant_id -> UuidT,
        n -> Integer,
        case_id -> UuidT,
        seq -> Integer,
        replaced_on -> Date,
        replaced_by -> UuidT,
        replaced_at -> TsT,
        sealed -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    cases (id) {
        id -> UuidT,
        organ_id -> UuidT,
        number -> Nullable<Text>,
        source -> Nullable<Text>,
        external_number -> Nullable<Text>,
        applicant_id -> UuidT,
        applicant_name -> Text,
        applicant_kind -> Text,
        title -> Text,
        channel -> Text,
        regime -> Nullable<Text>,
        stage -> Text,
        is_open -> Bool,
        clock_status -> Text,
        submitted_on -> Date,
        received_on -> Nullable<Date>,
        start_on -> Nullable<Date>,
        due_on -> Nullable<Date>,
        resumes_on -> Nullable<Date>,
        replied_on -> Nullable<Date>,
        closed_on -> Nullable<Date>,
        is_late -> Bool,
        is_extended -> Bool,
        outcome -> Nullable<Text>,
        department_id -> Nullable<UuidT>,
        handler_id -> Nullable<UuidT>,
        calendar_version -> Text,
        version -> BigInt,
        created_at -> TsT,
        updated_at -> TsT,
        warns_on -> Nullable<Date>,
        latest_on -> Nullable<Date>,
        filed_with -> Nullable<UuidT>,
        numbered_by -> Nullable<UuidT>,
        stopped_on -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    case_transfers (case_id, n) {
        case_id -> UuidT,
        n -> Integer,
        from_organ_id -> UuidT,
        to_organ_id -> UuidT,
        seq -> Integer,
        transferred_on -> Date,
        reason -> Text,
        recorded_by -> Nullable<UuidT>,
        recorded_at -> TsT,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    case_events (case_id, seq) {
        case_id -> UuidT,
        seq -> Integer,
        entry -> Integer,
        kind -> Text,
        occurred_on -> Date,
        body -> Text,
        salt -> Binary,
        digest -> Binary,
        actor_id -> Nullable<UuidT>,
        recorded_at -> TsT,
        prev_hash -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::UuidT;
    case_anchors (case_id, seq) {
        case_id -> UuidT,
        seq -> Integer,
        day -> Date,
        hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    obligations (id) {
        id -> UuidT,
        organ_id -> UuidT,
        case_id -> Nullable<UuidT>,
        key -> Text,
        kind -> Text,
        due_on -> Nullable<Date>,
        status -> Text,
        owner_id -> Nullable<UuidT>,
        department_id -> Nullable<UuidT>,
        article -> Text,
        updated_at -> TsT,
        latest_on -> Nullable<Date>,
        not_by_id -> Nullable<UuidT>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::UuidT;
    counters (organ_id, year, kind) {
        organ_id -> UuidT,
        year -> Integer,
        kind -> Text,
        last -> BigInt,
        checked_to -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    idempotency_keys (user_id, route, key) {
        user_id -> UuidT,
        route -> Text,
        key -> Text,
        fingerprint -> Text,
        status -> Integer,
        etag -> Nullable<Text>,
        location -> Nullable<Text>,
        body -> Text,
        created_at -> TsT,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    outbox (id) {
        id -> UuidT,
        dedupe_key -> Text,
        organ_id -> Nullable<UuidT>,
        case_id -> Nullable<UuidT>,
        recipient_id -> Nullable<UuidT>,
        to_address -> Text,
        subject -> Text,
        message_id -> Text,
        message -> Binary,
        state -> Text,
        attempts -> Integer,
        suspect -> Bool,
        next_attempt_at -> TsT,
        lease_owner -> Nullable<Text>,
        lease_until -> Nullable<TsT>,
        last_reply -> Nullable<Text>,
        created_at -> TsT,
        sent_at -> Nullable<TsT>,
        released_at -> Nullable<TsT>,
        not_after -> Nullable<TsT>,
        message_sha256 -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    mail_answers (mail_id, at) {
        mail_id -> UuidT,
        at -> TsT,
        attempt -> Integer,
        outcome -> Text,
        reply -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    feeds (user_id) {
        user_id -> UuidT,
        token_hash -> Text,
        created_at -> TsT,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    calendar_years (region, year, revision) {
        region -> Text,
        year -> Integer,
        revision -> Integer,
        notice -> Text,
        content -> Text,
        created_by -> Nullable<UuidT>,
        created_at -> TsT,
        source -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    calendar_versions (region, revision) {
        region -> Text,
        revision -> Integer,
        version -> Text,
        content -> Text,
        applied_on -> Date,
        created_by -> Nullable<UuidT>,
        created_at -> TsT,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    audit_log (id) {
        id -> UuidT,
        at -> TsT,
        actor_id -> Nullable<UuidT>,
        organ_id -> Nullable<UuidT>,
        case_id -> Nullable<UuidT>,
        action -> Text,
        detail -> Text,
        subject_id -> Nullable<UuidT>,
        address -> Nullable<Text>,
        request_id -> Nullable<Text>,
        seq -> Nullable<BigInt>,
        prev_hash -> Nullable<Binary>,
        hash -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::UuidT;
    audit_heads (chain) {
        chain -> UuidT,
        seq -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    supervision_orders (id) {
        id -> UuidT,
        number -> Text,
        organ_id -> UuidT,
        case_id -> Nullable<UuidT>,
        department_id -> Nullable<UuidT>,
        obligation_id -> UuidT,
        issuer_id -> UuidT,
        issuer_organ_id -> UuidT,
        issuer_role -> Text,
        text -> Text,
        article -> Text,
        issued_on -> Date,
        due_on -> Date,
        status -> Text,
        version -> BigInt,
        created_at -> TsT,
        updated_at -> TsT,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    supervision_order_steps (order_id, seq) {
        order_id -> UuidT,
        seq -> Integer,
        act -> Text,
        acted_on -> Date,
        actor_id -> UuidT,
        text -> Nullable<Text>,
        due_on -> Nullable<Date>,
        recorded_at -> TsT,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    case_tags (case_id, tag) {
        case_id -> UuidT,
        tag -> Text,
        tagged_by -> UuidT,
        tagged_at -> TsT,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::UuidT;
    reminder_settings (organ_id) {
        organ_id -> UuidT,
        content -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::UuidT;
    mail_preferences (user_id) {
        user_id -> UuidT,
        is_digest -> Bool,
        absent_from -> Nullable<Date>,
        absent_until -> Nullable<Date>,
        deputy_id -> Nullable<UuidT>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::UuidT;
    reminder_steps (key) {
        key -> Text,
        mail_key -> Text,
        obligation_id -> UuidT,
        due_on -> Date,
        told_for -> Date,
        missed -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    annual_reports (organ_id, year) {
        organ_id -> UuidT,
        year -> Integer,
        published_on -> Date,
        recorded_by -> Nullable<UuidT>,
        recorded_at -> TsT,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    ledger_rows (organ_id, fingerprint) {
        organ_id -> UuidT,
        fingerprint -> Text,
        case_id -> UuidT,
        imported_at -> TsT,
        import_id -> Nullable<UuidT>,
        version -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    ledger_imports (id) {
        id -> UuidT,
        organ_id -> UuidT,
        file_name -> Nullable<Text>,
        format -> Text,
        file_rows -> BigInt,
        imported_by -> Nullable<UuidT>,
        imported_at -> TsT,
        undone_by -> Nullable<UuidT>,
        undone_at -> Nullable<TsT>,
        undone_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    report_figures (organ_id, year) {
        organ_id -> UuidT,
        year -> Integer,
        body -> Text,
        version -> BigInt,
        updated_by -> UuidT,
        updated_at -> TsT,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::database::sqltypes::{TsT, UuidT};
    report_snapshots (organ_id, year) {
        organ_id -> UuidT,
        year -> Integer,
        with_subordinates -> Bool,
        body -> Text,
        taken_by -> Nullable<UuidT>,
        taken_at -> TsT,
    }
}

diesel::table! {
    tallies (id) {
        id -> BigInt,
        name -> Text,
        n -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    meta,
    organs,
    departments,
    users,
    user_roles,
    refresh_tokens,
    login_attempts,
    known_networks,
    applicants,
    applicant_versions,
    cases,
    case_transfers,
    organ_successions,
    case_anchors,
    case_events,
    obligations,
    counters,
    idempotency_keys,
    outbox,
    mail_answers,
    feeds,
    calendar_years,
    calendar_versions,
    audit_log,
    audit_heads,
    supervision_orders,
    supervision_order_steps,
    case_tags,
    reminder_settings,
    mail_preferences,
    reminder_steps,
    annual_reports,
    ledger_rows,
    ledger_imports,
    report_figures,
    report_snapshots,
    tallies
);
