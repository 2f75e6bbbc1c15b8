//! Which table gets the key, and from where; whatever speaks against it is said here, before the
//! first change.

use anyhow::{Result, bail};

use super::AddKey;
use super::readers;
use super::types::{comparable, fits, type_of};
use crate::catalog::{Column, ConstraintKind, Oid, Relation, RelationKind, Snapshot};
use crate::exit::usage;
use crate::session::quote::ident;
use crate::settings::{Settings, Via};
use crate::tenancy::{Reach, Tenancy};

/// The table, its parent, and the columns between them.
pub(super) struct Subject<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) relation: &'a Relation,
    /// Leads to the parent.
    pub(super) column: &'a Column,
    pub(super) parent: &'a Relation,
    /// What `column` equals there.
    pub(super) parent_column: &'a Column,
    /// The parent's tenant key.
    pub(super) parent_key: &'a Column,
    /// The name of the key in the table.
    pub(super) key: &'a str,
    /// The key, where the table has it already.
    pub(super) found: Option<&'a Column>,
    /// The key's type as SQL.
    pub(super) type_name: String,
    /// The partitions that hold rows, or the table itself.
    pub(super) leaves: Vec<&'a Relation>,
    /// What the reader of a plan should know.
    pub(super) remarks: Vec<String>,
}

impl<'a> Subject<'a> {
    /// # Errors
    /// The reason why the key cannot be added like this, and what to do about it.
    pub(super) fn of(
        snapshot: &'a Snapshot,
        settings: &'a Settings,
        wish: &AddKey,
    ) -> Result<Self> {
        let relation = table(snapshot, settings, &wish.table)?;
        let (column, parent, parent_column) = reference(snapshot, relation, &wish.from)?;
        let parent_key = key_of(snapshot, settings, parent, relation)?;
        let key = settings.tenancy.key.as_str();
        let found = relation.column(key);
        let (type_name, plainer) = type_of(snapshot, parent_key);
        if let Some(found) = found {
            fits(snapshot, relation, found, parent_key)?;
        }
        let leaves = leaves(snapshot, relation)?;
        unruled(relation, &leaves)?;
        let mut subject = Self {
            snapshot,
            relation,
            column,
            parent,
            parent_column,
            parent_key,
            key,
            found,
            type_name,
            leaves,
            remarks: plainer.into_iter().collect(),
        };
        readers::may_all_read_the_parent(&subject)?;
        subject.remark(settings);
        Ok(subject)
    }

    /// Whether every row has the key, and always will.
    pub(super) fn is_done(&self) -> bool {
        self.found.is_some_and(|found| found.not_null)
    }

    /// Whether it is the table or one of its partitions.
    pub(super) fn holds(&self, oid: Oid) -> bool {
        let mut open = vec![oid];
        while let Some(at) = open.pop() {
            if at == self.relation.oid {
                return true;
            }
            open.extend(
                self.snapshot
                    .relations
                    .get(&at)
                    .iter()
                    .flat_map(|r| &r.parents),
            );
        }
        false
    }

    /// The catalogs as they will be: what a plan for afterwards is made from.
    pub(super) fn with_key(&self) -> Snapshot {
        let mut after = self.snapshot.clone();
        for relation in after.relations.values_mut() {
            if !self.holds(relation.oid) {
                continue;
            }
            match relation
                .columns
                .iter_mut()
                .find(|column| column.name == self.key)
            {
                Some(column) => column.not_null = true,
                None => {
                    let last = relation.columns.iter().map(|column| column.number).max();
                    relation.columns.push(Column {
                        number: last.unwrap_or_default() + 1,
                        name: self.key.to_owned(),
                        type_mod: self.parent_key.type_mod,
                        not_null: true,
                        ..Column::of_type(self.parent_key.type_oid)
                    });
                }
            }
        }
        after
    }

    fn remark(&mut self, settings: &Settings) {
        let parent = self.parent.qualified();
        let references = self.relation.constraints.iter().find(|constraint| {
            constraint.kind == ConstraintKind::Foreign
                && constraint.references == self.parent.oid
                && constraint.columns == [self.column.number]
        });
        match references {
            None => self.remarks.push(format!(
                "no foreign key leads from {} to {parent}: rows without a parent stay without a key",
                ident(&self.column.name)
            )),
            Some(reference) if reference.deferrable => self.remarks.push(format!(
                "foreign key {} is deferrable: a row that is inserted before its parent has to \
                 bring its key",
                ident(&reference.name)
            )),
            Some(_) => {}
        }
        if self.parent.row_security
            && settings.policy.missing_context == crate::settings::MissingContext::Error
        {
            self.remarks.push(format!(
                "the trigger reads {parent}, whose policy raises an error without a context: from \
                 here on a session without one cannot write to the table"
            ));
        }
        let mut names: Vec<&str> = Vec::new();
        for relation in self.leaves.iter().chain([&self.relation]) {
            let on_update = relation.triggers.iter().filter(|trigger| {
                trigger.flags & 16 != 0
                    && trigger.enabled != 'D'
                    && !super::prepare::is_ours(self, trigger)
            });
            names.extend(on_update.map(|trigger| trigger.name.as_str()));
        }
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            let names: Vec<String> = names.iter().map(|name| ident(name)).collect();
            self.remarks.push(format!(
                "filling the key fires the table's triggers on UPDATE, unless they are for other \
                 columns, with the privileges and the search_path of who runs this: {}",
                names.join(", ")
            ));
        }
    }
}

/// The table that gets the key.
fn table<'a>(snapshot: &'a Snapshot, settings: &Settings, name: &str) -> Result<&'a Relation> {
    let Some(relation) = snapshot.find_verbatim(name) else {
        return Err(usage(format!(
            "--add-key: table {name} does not exist in database {}",
            snapshot.server.database
        )));
    };
    let name = relation.qualified();
    if !relation.kind.is_table() {
        let kind = relation.kind.word();
        return Err(usage(format!("--add-key: {name} is a {kind}, not a table")));
    }
    configured(settings, relation)?;
    if relation.of_extension {
        bail!("--add-key: {name} belongs to an extension, which may drop or change it: left alone");
    }
    if let Some(above) = relation
        .parents
        .first()
        .and_then(|oid| snapshot.relations.get(oid))
    {
        let (above, word) = (
            above.qualified(),
            if relation.is_partition {
                "is a partition of"
            } else {
                "inherits from"
            },
        );
        return Err(usage(format!(
            "--add-key: {name} {word} {above}: add the key to that table"
        )));
    }
    Ok(relation)
}

/// What `tenantctl.toml` says about the table must not be something else.
fn configured(settings: &Settings, relation: &Relation) -> Result<()> {
    let verbatim = relation.verbatim();
    let name = relation.qualified();
    let key = &settings.tenancy.key;
    let first = |what: String| {
        Err(usage(format!(
            "--add-key: {what}; change tenantctl.toml first, nothing was changed"
        )))
    };
    if settings.tables.via.contains_key(&verbatim) {
        return first(format!(
            "{name} is reached through its parent in [tables.via]: remove that line, so that the \
             table is isolated by its own {key}"
        ));
    }
    if settings.tables.key.contains_key(&verbatim) {
        return first(format!(
            "[tables.key] gives {name} a key of another name: remove that line, so that the key \
             is {key}"
        ));
    }
    if settings.tables.shared.contains(&verbatim) {
        return first(format!("{name} is one of [tables] shared: remove it there"));
    }
    if settings.tenancy.registry == verbatim {
        return Err(usage(format!("--add-key: {name} is the registry itself")));
    }
    if !settings
        .tenancy
        .schemas
        .iter()
        .any(|schema| **schema == *relation.schema_name)
    {
        return first(format!(
            "schema {} is not in [tenancy] schemas, so {name} would not be isolated: add it there",
            ident(&relation.schema_name)
        ));
    }
    Ok(())
}

/// The child's column, the parent and the column there.
fn reference<'a>(
    snapshot: &'a Snapshot,
    relation: &'a Relation,
    from: &Via,
) -> Result<(&'a Column, &'a Relation, &'a Column)> {
    let name = relation.qualified();
    let Some(column) = relation.column(&from.column) else {
        return Err(usage(format!(
            "--from: table {name} has no column {}",
            from.column
        )));
    };
    if column.generated {
        bail!(
            "--from: column {} of {name} is generated, which no BEFORE trigger sees: name a column \
             that it is made of",
            ident(&column.name)
        );
    }
    let found = from.parent.match_indices('.').find_map(|(dot, _)| {
        let parent = snapshot.find_verbatim(&from.parent[..dot])?;
        Some((parent, parent.column(&from.parent[dot + 1..])?))
    });
    let Some((parent, parent_column)) = found.filter(|(parent, _)| parent.kind.is_table()) else {
        return Err(usage(format!(
            "--from: {} is no column of a table in database {}",
            from.parent, snapshot.server.database
        )));
    };
    let unique = parent.unique_on(&[parent_column.number]).next().is_some();
    let full = format!("{}.{}", parent.qualified(), ident(&parent_column.name));
    if !unique {
        bail!(
            "--from: {full} has no unique index of its own, so a row could have several parents \
             with different keys; nothing was changed"
        );
    }
    if !comparable(snapshot, column, parent_column) {
        bail!(
            "--from: {} of {name} and {full} are of types that PostgreSQL's own = does not compare",
            ident(&column.name)
        );
    }
    Ok((column, parent, parent_column))
}

/// The parent's own key.
fn key_of<'a>(
    snapshot: &'a Snapshot,
    settings: &'a Settings,
    parent: &'a Relation,
    child: &Relation,
) -> Result<&'a Column> {
    let name = parent.qualified();
    let tenancy = Tenancy::resolve(snapshot, settings)?;
    let Some(table) = tenancy
        .tables
        .get(&parent.oid)
        .filter(|_| parent.oid != child.oid)
    else {
        return Err(usage(format!(
            "--from: {name} is no tenant table, so it has no key to give; where it has a parent \
             itself, begin with it: tenantctl apply --add-key {name} --from \"…\""
        )));
    };
    match (table.reach, tenancy.key_column(parent.oid)) {
        (_, Some(key)) => Ok(key),
        (Reach::Via { .. }, _) => Err(usage(format!(
            "--from: {name} is reached through a parent and has no key of its own: begin with it: \
             tenantctl apply --add-key {name} --from \"…\""
        ))),
        _ => Err(usage(format!("--from: {name} has no key of its own"))),
    }
}

/// Tables that hold rows.
fn leaves<'a>(snapshot: &'a Snapshot, relation: &'a Relation) -> Result<Vec<&'a Relation>> {
    let mut leaves = Vec::new();
    let mut open = vec![relation];
    while let Some(at) = open.pop() {
        let children: Vec<&Relation> = snapshot.children(at.oid).collect();
        match at.kind {
            RelationKind::Partitioned => open.extend(children),
            RelationKind::Table if children.is_empty() => leaves.push(at),
            RelationKind::Table => bail!(
                "--add-key: other tables inherit from {}, and triggers are not inherited: not \
                 supported; nothing was changed",
                at.qualified()
            ),
            _ => bail!(
                "--add-key: partition {} is a {}, whose rows cannot be filled from here; nothing \
                 was changed",
                at.qualified(),
                at.kind.word()
            ),
        }
    }
    leaves.sort_by_key(|leaf| leaf.qualified());
    Ok(leaves)
}

/// A rule would turn the UPDATEs that fill the key into something else.
fn unruled(relation: &Relation, leaves: &[&Relation]) -> Result<()> {
    for at in leaves.iter().chain([&relation]) {
        if at.rewritten {
            bail!(
                "--add-key: a rule of {} rewrites what is inserted or updated there: not supported; \
                 make a trigger of it first; nothing was changed",
                at.qualified()
            );
        }
    }
    Ok(())
}
