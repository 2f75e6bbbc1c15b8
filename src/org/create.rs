//! Makes an organization: one row of the registry, once.

use anyhow::{Context, Result, bail};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::request::Assignment;
use super::{Organization, Registry, Request, row_security_active};
use crate::exit::{Code, Refusal, code_of, usage};
use crate::session::{error::explain, quote};

/// First half of the advisory lock's key; the second is the registry's oid. Runs of `org create`
/// on one registry wait for each other, whatever indexes it has.
const LOCK: i32 = 0x7465_6e61;

const BEGIN: &str = "begin isolation level read committed, read write; \
     set local lock_timeout = '5s'; \
     set local statement_timeout = '30s'";

/// What came of it.
#[derive(Clone, Debug)]
pub struct Created {
    /// The organization.
    pub organization: Organization,
    /// False where it was there already.
    pub created: bool,
}

/// Makes the organization, or finds that it is there.
///
/// # Errors
/// A [`Refusal`] where it exists and `if_not_exists` is not said, usage errors for values that the
/// columns cannot hold or that are missing, the server's otherwise.
pub async fn create(
    client: &Client,
    registry: &Registry<'_>,
    context: &str,
    request: &Request,
    if_not_exists: bool,
) -> Result<Created> {
    client
        .batch_execute(BEGIN)
        .await
        .map_err(explain)
        .context("cannot begin a transaction")?;
    let making = Making {
        client,
        registry,
        request,
        if_not_exists,
    };
    let done = making.run(context).await;
    let Ok(created) = done else {
        // Nothing was committed; a connection that is gone rolls back by itself.
        let _ = client.batch_execute("rollback").await;
        return done;
    };
    client.batch_execute("commit").await.map_err(|error| {
        let lost = error.is_closed();
        let error = refused(error);
        if lost {
            error.context("the connection broke during COMMIT: whether the organization was created is not known; run again with --if-not-exists")
        } else {
            error.context("cannot create the organization")
        }
    })?;
    Ok(created)
}

/// Tries each value against its column's type, in the read-only transaction that is open, so that
/// an error can name the option.
///
/// # Errors
/// A usage error that names it.
pub(super) async fn try_values(
    client: &Client,
    registry: &Registry<'_>,
    values: &[Assignment<'_>],
) -> Result<()> {
    for given in values {
        let sql = format!(
            "select ($1::text)::{} is null",
            registry.cast(given.column)?
        );
        let tried = client
            .query_typed(&sql, &[(&given.value, Type::TEXT)])
            .await;
        tried
            .map_err(refused)
            .with_context(|| given.option.clone())?;
    }
    Ok(())
}

struct Making<'a> {
    client: &'a Client,
    registry: &'a Registry<'a>,
    request: &'a Request,
    if_not_exists: bool,
}

impl Making<'_> {
    async fn run(&self, context: &str) -> Result<Created> {
        let filtered = row_security_active(self.client, self.registry.relation).await?;
        let id = self.choose_id(filtered).await?;
        if let (true, Some(id)) = (filtered, &id) {
            let sql = "select pg_catalog.set_config($1::text, $2::text, true)";
            self.query(sql, &[&context, id]).await?;
        }
        let values = self.request.assignments(self.registry, id)?;
        try_values(self.client, self.registry, &values).await?;
        self.lock().await?;
        // An index on the slug finds a duplicate by itself, also one of the application's.
        let by_index = self
            .registry
            .slug
            .is_some_and(|slug| self.registry.is_unique(slug));
        if filtered {
            self.can_tell(by_index)?;
        }
        if (self.if_not_exists || !by_index)
            && let Some(existing) = self.existing(&values).await?
        {
            return self.already(existing);
        }
        let (sql, parameters) = insert(self.registry, &values)?;
        let quiet = format!("{sql} on conflict do nothing {}", self.returning());
        let asked = self.query(&quiet, &parameters).await;
        let rows = asked.map_err(|error| self.hint(error, filtered))?;
        if let Some(row) = rows.first() {
            let organization = Registry::read(row)?;
            return Ok(Created {
                organization,
                created: true,
            });
        }
        if let Some(existing) = self.existing(&values).await? {
            return self.already(existing);
        }
        // Something else is unique, or the other row is hidden: let the server say what.
        let loud = format!("{sql} {}", self.returning());
        let asked = self.query(&loud, &parameters).await;
        let rows = asked.map_err(|error| self.hidden(error, filtered))?;
        let row = rows.first().context(
            "the insert returned no row: a trigger or a rule of the registry swallowed it",
        )?;
        Ok(Created {
            organization: Registry::read(row)?,
            created: true,
        })
    }

    /// An id is chosen here where nothing else would, and where row security wants the context to
    /// hold it before the row exists.
    async fn choose_id(&self, filtered: bool) -> Result<Option<String>> {
        if let Some(given) = self.request.id() {
            return Ok(Some(given.to_owned()));
        }
        let column = self.registry.id;
        let filled = column.has_default || column.identity.is_some();
        if filled && !filtered {
            return Ok(None);
        }
        let snapshot = self.registry.snapshot;
        if snapshot.base_type(column.type_oid) == Type::UUID.oid() {
            return Ok(Some(random_uuid()));
        }
        let owner = Some((self.registry.relation.oid, column.number));
        let Some(sequence) = snapshot.relations.values().find(|r| r.owned_by == owner) else {
            return Ok(None);
        };
        let sql = "select pg_catalog.nextval(($1::text)::pg_catalog.regclass)::text";
        let rows = self.query(sql, &[&sequence.qualified()]).await?;
        rows.first()
            .map(|row| row.try_get(0))
            .transpose()
            .map_err(explain)
    }

    async fn lock(&self) -> Result<()> {
        let sql = "select pg_catalog.pg_advisory_xact_lock($1::int4, $2::oid::int8::bit(32)::int4)";
        self.client
            .query_typed(
                sql,
                &[
                    (&LOCK, Type::INT4),
                    (&self.registry.relation.oid, Type::OID),
                ],
            )
            .await
            .map_err(explain)
            .context("cannot wait for another `org create` on the same registry")?;
        Ok(())
    }

    /// The organization that is meant: by its slug; by its name where there is no slug, or where
    /// the slug was only made of the name.
    async fn existing(&self, values: &[Assignment<'_>]) -> Result<Option<Organization>> {
        let by_name =
            self.registry.slug.is_none() || (self.if_not_exists && !self.request.has_slug());
        let wanted = [
            (Some(self.registry.id), true),
            (self.registry.slug, true),
            // Names may repeat; only --if-not-exists takes the same name for the same organization.
            (self.registry.name, by_name && self.if_not_exists),
        ];
        for (column, _) in wanted.iter().filter(|(_, use_it)| *use_it) {
            let given = column.and_then(|column| {
                values
                    .iter()
                    .find(|given| given.column.number == column.number)
            });
            let Some(given) = given else { continue };
            let sql = format!(
                "select {} from {} where {} = ($1::text)::{} order by 1 limit 1",
                self.registry.select_list(),
                self.registry.table(),
                quote::ident(&given.column.name),
                self.registry.cast(given.column)?
            );
            if let Some(row) = self.query(&sql, &[&given.value]).await?.first() {
                return Registry::read(row).map(Some);
            }
        }
        Ok(None)
    }

    fn already(&self, existing: Organization) -> Result<Created> {
        let wanted = self.request.id();
        let same = wanted.is_none_or(|id| id == existing.id);
        if self.if_not_exists && same {
            return Ok(Created {
                organization: existing,
                created: false,
            });
        }
        let called = match (&existing.slug, &existing.name) {
            (Some(slug), _) => format!("with slug {slug}"),
            (None, Some(name)) => format!("called {name}"),
            (None, None) => "like this".to_owned(),
        };
        let hint = if same {
            "--if-not-exists accepts it"
        } else {
            "it is not the one of --id"
        };
        Err(Refusal(format!(
            "an organization {called} exists already, its id is {}; {hint}",
            existing.id
        ))
        .into())
    }

    /// Where row security hides the other organizations, only a unique index sees a duplicate.
    fn can_tell(&self, by_index: bool) -> Result<()> {
        let wants_to = self.if_not_exists || self.registry.slug.is_some();
        if by_index || !wants_to || self.request.id().is_some() {
            return Ok(());
        }
        bail!(
            "cannot tell whether the organization exists: row security hides the rows of {} from {}, and no unique index is on its slug; connect as a superuser or a role with BYPASSRLS",
            self.registry.table(),
            self.who()
        )
    }

    /// It exists, but its id cannot be read: then --if-not-exists has not been done.
    fn hidden(&self, error: anyhow::Error, filtered: bool) -> anyhow::Error {
        if !(filtered && self.if_not_exists && code_of(&error) == Code::Findings) {
            return error;
        }
        anyhow::anyhow!(
            "the organization exists, but row security hides it from {}, so its id is not known; connect as a superuser or a role with BYPASSRLS, or give --id",
            self.who()
        )
    }

    fn who(&self) -> &str {
        let snapshot = self.registry.snapshot;
        snapshot.role_name(snapshot.server.session_role)
    }

    fn returning(&self) -> String {
        format!("returning {}", self.registry.select_list())
    }

    /// Says what may stand in the way where row security applies.
    fn hint(&self, error: anyhow::Error, filtered: bool) -> anyhow::Error {
        if !filtered {
            return error;
        }
        error.context(format!(
            "as {}, to whom row security on {} applies; it needs INSERT and SELECT there and a policy that lets it insert, a superuser or a role with BYPASSRLS needs none",
            self.who(),
            self.registry.table()
        ))
    }

    async fn query(&self, sql: &str, texts: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        let typed: Vec<_> = texts.iter().map(|text| (*text, Type::TEXT)).collect();
        self.client
            .query_typed(sql, &typed)
            .await
            .map_err(refused)
            .context("cannot create the organization")
    }
}

/// The INSERT without what follows VALUES, and its parameters.
fn insert<'v>(
    registry: &Registry<'_>,
    values: &'v [Assignment<'_>],
) -> Result<(String, Vec<&'v (dyn ToSql + Sync)>)> {
    let mut columns = Vec::new();
    let mut places = Vec::new();
    for (index, given) in values.iter().enumerate() {
        columns.push(quote::ident(&given.column.name));
        places.push(format!(
            "(${}::text)::{}",
            index + 1,
            registry.cast(given.column)?
        ));
    }
    let always = values
        .iter()
        .any(|given| given.column.identity == Some('a'));
    let sql = format!(
        "insert into {} ({}) {}values ({})",
        registry.table(),
        columns.join(", "),
        if always {
            "overriding system value "
        } else {
            ""
        },
        places.join(", ")
    );
    let parameters = values
        .iter()
        .map(|given| &given.value as &(dyn ToSql + Sync))
        .collect();
    Ok((sql, parameters))
}

/// Whose mistake an error is: a value's, then the command line is wrong; a duplicate, then the
/// answer is no; the server's otherwise.
fn refused(error: tokio_postgres::Error) -> anyhow::Error {
    let code = error.code().cloned();
    let column = error
        .as_db_error()
        .and_then(|server| server.column())
        .map(str::to_owned);
    let explained = explain(error);
    match code {
        Some(SqlState::UNIQUE_VIOLATION) => Refusal(format!(
            "an organization like this exists already: {explained:#}"
        ))
        .into(),
        Some(SqlState::NOT_NULL_VIOLATION) => usage(match column {
            Some(column) => {
                format!("required column missing: give --set {column}=…: {explained:#}")
            }
            None => format!("{explained:#}"),
        }),
        Some(SqlState::CHECK_VIOLATION | SqlState::FOREIGN_KEY_VIOLATION) => {
            usage(format!("{explained:#}"))
        }
        Some(code) if code.code().starts_with("22") => usage(format!("{explained:#}")),
        _ => explained,
    }
}

/// Version 4.
fn random_uuid() -> String {
    let bits: u128 = rand::random();
    let bits = bits & !(0xf << 76) & !(0b11 << 62) | (0x4 << 76) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_says_that_it_is_random() {
        for _ in 0..100 {
            let id = random_uuid();
            assert_eq!(id.len(), 36);
            assert_eq!(&id[14..15], "4");
            assert!("89ab".contains(&id[19..20]), "{id}");
        }
        assert_ne!(random_uuid(), random_uuid());
    }
}
