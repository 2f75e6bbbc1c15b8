//! Default privileges: what is granted on a table at the moment of its creation.

use std::collections::BTreeSet;

use super::super::LeftAlone;
use super::super::mark::Place;
use super::super::revoked::{Revoked, revokes, speaks_for};
use super::{Revoke, Search};
use crate::catalog::{DefaultAcl, Oid};
use crate::session::quote::ident;

/// Where default privileges are remembered: the schema that they are of, or the database.
struct Holder {
    object: String,
    owner: Oid,
    place: Place,
    /// Verbatim.
    schema: Option<String>,
}

impl Search<'_, '_> {
    /// What is granted on tables at the moment of their creation, before they are isolated.
    pub(super) fn new_tables(&mut self) {
        for default in &self.snapshot().default_acls {
            let (revoked, closes) = self.opened(default);
            let holder = self.holder(default.schema);
            let (Some(holder), false) = (holder, revoked.is_empty()) else {
                continue;
            };
            match self.new_tables_of(default.owner, holder, revoked) {
                Ok(revoke) => self.revokes.found.push(Revoke { closes, ..revoke }),
                Err(left) => self.revokes.left_alone.push(left),
            }
        }
    }

    /// What the application will hold on new tables, and the checks that find it.
    fn opened(&self, default: &DefaultAcl) -> (Vec<Revoked>, Vec<&'static str>) {
        let mut revoked: Vec<Revoked> = Vec::new();
        let mut closes = Vec::new();
        let snapshot = self.snapshot();
        let concerned = default.acl.iter().filter(|item| {
            default.kind == 'r'
                && item.grantee != default.owner
                && self.holders.is_one(item.grantee)
        });
        for item in concerned {
            let check = match item.grantee {
                0 => "default-privileges-public",
                _ => "new-tables-open",
            };
            if !closes.contains(&check) {
                closes.push(check);
            }
            let from = (item.grantee != 0).then(|| snapshot.role_name(item.grantee).to_owned());
            let word = item.privilege.word().to_owned();
            let same =
                |known: &&mut Revoked| known.from == from && known.grantable == item.grantable;
            match revoked.iter_mut().find(same) {
                Some(known) => {
                    known.privileges.insert(word);
                }
                None => revoked.push(Revoked {
                    from,
                    privileges: BTreeSet::from([word]),
                    columns: BTreeSet::new(),
                    grantable: item.grantable,
                    new_tables_of: Some(snapshot.role_name(default.owner).to_owned()),
                }),
            }
        }
        (revoked, closes)
    }

    fn holder(&self, schema: Oid) -> Option<Holder> {
        let snapshot = self.snapshot();
        let server = &snapshot.server;
        match snapshot.schemas.get(&schema) {
            Some(schema) => Some(Holder {
                object: ident(&schema.name),
                owner: schema.owner,
                place: Place::schema(schema),
                schema: Some(schema.name.clone()),
            }),
            None if schema == 0 => Some(Holder {
                object: ident(&server.database),
                owner: server.database_owner,
                place: Place::database(server),
                schema: None,
            }),
            None => None,
        }
    }

    fn new_tables_of(
        &self,
        role: Oid,
        holder: Holder,
        revoked: Vec<Revoked>,
    ) -> Result<Revoke, LeftAlone> {
        let snapshot = self.snapshot();
        let name = snapshot.role_name(role);
        if !speaks_for(snapshot, holder.owner, name) {
            let statements = revokes(&revoked, "", holder.schema.as_deref()).join("; ");
            return Err(LeftAlone {
                reason: format!(
                    "its owner {} does not act for {}, so what is taken could not be remembered \
                     here: {statements}",
                    ident(snapshot.role_name(holder.owner)),
                    ident(name)
                ),
                object: holder.object,
            });
        }
        let within = match &holder.schema {
            Some(_) => format!(" in schema {}", holder.object),
            None => String::new(),
        };
        Ok(Revoke {
            because: format!(
                "tables that {} creates{within} are open to {} before they are isolated",
                ident(name),
                self.app()
            ),
            object: holder.object,
            relation: 0,
            owner: holder.owner,
            on: String::new(),
            schema: holder.schema,
            revoked,
            place: holder.place,
            closes: Vec::new(),
            needs: vec![role],
        })
    }
}
