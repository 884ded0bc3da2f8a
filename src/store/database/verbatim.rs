//! Statements that a connection prepares once, although diesel would prepare them for every execution.

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;
use diesel::result::QueryResult;
use diesel::sql_types::SqlType;
use std::borrow::Cow;
use std::marker::PhantomData;

/// A piece of SQL of type `ST`. diesel keeps the prepared statement it is part of.
///
/// `diesel::dsl::sql` marks its statement as one that must be prepared for every execution, because its text may be
/// different each time. Parsing and planning then costs more than running it. The text here is one of a few that the
/// program has, never made of data: each connection keeps the statements of all of them.
#[derive(Debug, Clone)]
pub(in crate::store) struct Verbatim<ST> {
    text: Cow<'static, str>,
    of: PhantomData<ST>,
}

/// Writes `text` into a statement as it is.
pub(in crate::store) fn verbatim<ST>(text: impl Into<Cow<'static, str>>) -> Verbatim<ST> {
    Verbatim { text: text.into(), of: PhantomData }
}

impl<ST: SqlType + diesel::expression::TypedExpressionType> Expression for Verbatim<ST> {
    type SqlType = ST;
}

impl<ST, DB: Backend> QueryFragment<DB> for Verbatim<ST> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql(&self.text);
        Ok(())
    }
}

/// Without a static id, diesel finds the prepared statement by its text.
impl<ST> QueryId for Verbatim<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<QS, ST> SelectableExpression<QS> for Verbatim<ST> where Self: Expression {}

impl<QS: ?Sized, ST> AppearsOnTable<QS> for Verbatim<ST> where Self: Expression {}

impl<ST, GB> ValidGrouping<GB> for Verbatim<ST> {
    type IsAggregate = is_aggregate::Never;
}

/// A statement whose prepared form is kept, although diesel cannot know that its text stays the same: an `UPDATE` sets
/// the columns its changeset names, an `INSERT` has one line for each row.
///
/// The texts must be few: each connection keeps them all.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Kept<T>(pub T);

impl<T: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Kept<T> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<T> QueryId for Kept<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T: Query> Query for Kept<T> {
    type SqlType = T::SqlType;
}

impl<T, Connection> RunQueryDsl<Connection> for Kept<T> {}
