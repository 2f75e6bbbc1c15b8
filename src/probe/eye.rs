//! The administrator's eye: reads rows past row-level security, to know what there is to find.

use anyhow::Result;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::arena::setting;
use super::reply::{Refused, Reply};
use crate::session::error::explain;
use crate::session::{Session, quote};

/// A reading session of the administrator's.
pub(super) struct Eye<'a> {
    session: &'a Session,
    context: String,
}

const LIMITS: &str = "set local statement_timeout = '15s'; set local lock_timeout = '2s';";

impl<'a> Eye<'a> {
    pub(super) fn new(session: &'a Session, context: &str) -> Self {
        Self {
            session,
            context: setting(context),
        }
    }

    /// One query that must see every row: where policies would hide some from the administrator,
    /// it is refused instead.
    pub(super) async fn ask(&self, sql: &str) -> Result<Reply> {
        self.run("set local row_security = off;", sql).await
    }

    /// The same, and where the administrator is subject to the policies, what he sees with the
    /// context at this organization.
    pub(super) async fn ask_as(&self, organization: &str, sql: &str) -> Result<Reply> {
        let reply = self.ask(sql).await?;
        if reply.refused().is_some_and(|r| r.state == "42501") {
            let inside = format!(
                "set local {} = {};",
                self.context,
                quote::literal(organization)
            );
            return self.run(&inside, sql).await;
        }
        Ok(reply)
    }

    /// How many rows a query has, counted no further than `limit`; `None` where that cannot be
    /// told.
    pub(super) async fn count(&self, from: &str, limit: u64) -> Result<Option<u64>> {
        let sql =
            format!("select pg_catalog.count(*) from (select 1 from {from} limit {limit}) counted");
        let reply = self.ask(&sql).await?;
        Ok(reply.value().and_then(|count| count.parse().ok()))
    }

    /// The catalogs, or another query that no policy touches.
    pub(super) async fn read(
        &self,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>> {
        let rows = self.session.query_typed(sql, parameters).await;
        rows.map_err(explain)
    }

    async fn run(&self, prelude: &str, sql: &str) -> Result<Reply> {
        let text = format!("begin read only; {LIMITS} {prelude} {sql}; commit");
        match self.session.simple_query(&text).await {
            Ok(messages) => {
                let Reply::Done(mut answers) = Reply::read(messages) else {
                    return Ok(Reply::Done(Vec::new()));
                };
                answers.pop();
                Ok(Reply::Done(answers))
            }
            Err(error) => {
                let refused = Refused::from_driver(error)?;
                self.session
                    .batch_execute("rollback")
                    .await
                    .map_err(explain)?;
                Ok(Reply::Refused(refused))
            }
        }
    }
}
