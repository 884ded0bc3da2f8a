//! SQL written out, in statements that are prepared once.

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
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
