//! Other ways to send a statement than the simple protocol: COPY, and a statement prepared once.

use anyhow::Result;
use futures_util::{StreamExt, pin_mut};

use super::arena::{Arena, As};
use super::reply::{Answer, Refused, Reply};
use crate::session::error::explain;
use crate::session::quote;

/// What is kept of a COPY; the statements ask for a few rows.
const MOST_BYTES: usize = 1 << 20;

impl Arena<'_> {
    /// COPY … TO STDOUT; each line is a row of one column.
    pub(super) async fn copy_out(&mut self, who: As<'_>, sql: &str) -> Result<Reply> {
        self.attempts += 1;
        self.enter(who).await?;
        let reply = match self.copied_out(sql).await {
            Ok(reply) => reply,
            Err(error) => Reply::Refused(Refused::from_driver(error)?),
        };
        Ok(self.heard(who, sql, reply))
    }

    async fn copied_out(&self, sql: &str) -> Result<Reply, tokio_postgres::Error> {
        let stream = self.client.copy_out(sql).await?;
        pin_mut!(stream);
        let mut text = Vec::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk?;
            if text.len() < MOST_BYTES {
                text.extend_from_slice(&chunk);
            }
        }
        let rows: Vec<_> = String::from_utf8_lossy(&text)
            .lines()
            .map(|line| vec![Some(line.to_owned())])
            .collect();
        let affected = rows.len() as u64;
        Ok(Reply::Done(vec![Answer { rows, affected }]))
    }

    /// Prepares a statement by the extended protocol and runs it once under each context.
    pub(super) async fn prepared(&mut self, contexts: &[As<'_>], sql: &str) -> Result<Reply> {
        self.attempts += 1;
        let first = contexts.first().copied().unwrap_or(As::Unset);
        self.enter(first).await?;
        match self.executed(contexts, sql).await {
            Ok(answers) => Ok(Reply::Done(answers)),
            Err(error) => Refused::from_driver(error).map(Reply::Refused),
        }
    }

    async fn executed(
        &mut self,
        contexts: &[As<'_>],
        sql: &str,
    ) -> Result<Vec<Answer>, tokio_postgres::Error> {
        let statement = self.client.prepare(sql).await?;
        let mut answers = Vec::new();
        for who in contexts {
            if let As::Context(value) = who {
                let set = format!("set local {} = {}", self.context, quote::literal(value));
                self.client.batch_execute(&set).await?;
            }
            let rows = self.client.query(&statement, &[]).await?;
            answers.push(Answer {
                affected: rows.len() as u64,
                rows: rows
                    .iter()
                    .map(|row| vec![row.try_get(0).unwrap_or_default()])
                    .collect(),
            });
        }
        Ok(answers)
    }

    /// Back to the savepoint, and the context as it should be.
    async fn enter(&self, who: As<'_>) -> Result<()> {
        let mut text = String::from("rollback to savepoint tenantctl;");
        if let As::Context(value) = who {
            text += &format!(" set local {} = {};", self.context, quote::literal(value));
        }
        self.client.batch_execute(&text).await.map_err(explain)
    }

    fn heard(&mut self, who: As<'_>, sql: &str, reply: Reply) -> Reply {
        let notices = self.client.take_notices();
        self.ear.hear(&[(who, sql)], (reply.refused(), &notices));
        reply
    }
}
