//! Looks one organization up, by its id or its slug.

use anyhow::{Context, Result};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::request::checked_id;
use super::{Organization, Registry, row_security_active};
use crate::catalog::Column;
use crate::exit::{Refusal, usage};
use crate::session::{error::explain, quote};
use crate::settings::Tenancy;

/// Finds the organization with this id, or else with this slug, in the transaction that is open.
///
/// # Errors
/// A [`Refusal`] where there is none; a usage error where the text is the id of one organization
/// and the slug of another.
pub async fn find(
    client: &Client,
    registry: &Registry<'_>,
    tenancy: &Tenancy,
    wanted: &str,
) -> Result<Organization> {
    if wanted.is_empty() || wanted.contains('\0') {
        return Err(usage("give an organization's id or slug"));
    }
    let filtered = row_security_active(client, registry.relation).await?;
    let by_id = match checked_id(wanted, tenancy.key_type) {
        Ok(id) => {
            if filtered {
                let sql = "select pg_catalog.set_config($1::text, $2::text, true)";
                client
                    .query_typed(sql, &[(&tenancy.context, Type::TEXT), (&id, Type::TEXT)])
                    .await
                    .map_err(explain)
                    .context("cannot set the context")?;
            }
            one(client, registry, registry.id, &id).await?
        }
        Err(_) => None,
    };
    let by_slug = match registry.slug {
        Some(slug) => one(client, registry, slug, wanted).await?,
        None => None,
    };
    match (by_id, by_slug) {
        (Some(a), Some(b)) if a.id != b.id => Err(usage(format!(
            "{wanted} is the id of one organization and the slug of another, whose id is {}",
            b.id
        ))),
        (Some(found), _) | (None, Some(found)) => Ok(found),
        (None, None) => Err(Refusal(format!(
            "there is no organization {wanted} in {}{}",
            registry.relation.verbatim(),
            if filtered {
                "; row security applies to this connection, so it may be hidden: connect as a superuser or a role with BYPASSRLS"
            } else {
                ""
            }
        ))
        .into()),
    }
}

async fn one(
    client: &Client,
    registry: &Registry<'_>,
    column: &Column,
    value: &str,
) -> Result<Option<Organization>> {
    let sql = format!(
        "select {} from {} where {} = ($1::text)::{} limit 1",
        registry.select_list(),
        registry.table(),
        quote::ident(&column.name),
        registry.cast(column)?
    );
    let rows = client
        .query_typed(&sql, &[(&value, Type::TEXT)])
        .await
        .map_err(explain)
        .with_context(|| format!("cannot read {}", registry.table()))?;
    rows.first().map(Registry::read).transpose()
}
