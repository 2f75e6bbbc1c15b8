//! What the catalogs say about new rows beyond the snapshot: CHECKs, bounds, defaults, made types.
//!
//! Read when a row has to be made up, one relation at a time: printing the constraints of tens of
//! thousands of tables would cost more than the probe of most databases.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use anyhow::Result;

use super::super::eye::Eye;
use crate::catalog::{Oid, Relation};

/// What is known so far.
#[derive(Debug, Default)]
pub(in crate::probe) struct Lore {
    kinds: RefCell<Option<Rc<Kinds>>>,
    shapes: RefCell<HashMap<Oid, Rc<Shape>>>,
    leaves: RefCell<HashMap<Oid, Rc<Vec<String>>>>,
}

/// Types that are made of others.
#[derive(Debug, Default)]
pub(in crate::probe) struct Kinds {
    /// A domain's own CHECKs; `VALUE` stands for the value.
    pub(in crate::probe) checks: HashMap<Oid, Vec<String>>,
    /// A row type's fields: type and modifier, in order.
    pub(in crate::probe) fields: HashMap<Oid, Vec<(Oid, i32)>>,
    /// What an array of row types is an array of.
    pub(in crate::probe) elements: HashMap<Oid, Oid>,
    /// What a range is over.
    pub(in crate::probe) ranges: HashMap<Oid, Oid>,
    /// Which range a multirange is made of.
    pub(in crate::probe) multiranges: HashMap<Oid, Oid>,
}

/// What a new row of one relation has to fulfil.
#[derive(Debug, Default)]
pub(in crate::probe) struct Shape {
    /// CHECK constraints: name and expression.
    pub(in crate::probe) checks: Vec<(String, String)>,
    /// Where the relation is a partition: its bound and those of every level above.
    pub(in crate::probe) bound: Option<String>,
    /// Defaults by column.
    pub(in crate::probe) defaults: HashMap<i16, String>,
    /// GENERATED ALWAYS AS (…) by column.
    pub(in crate::probe) generated: HashMap<i16, String>,
    /// The columns' types as SQL, without modifiers.
    pub(in crate::probe) types: HashMap<i16, String>,
    /// Deferrable foreign keys by oid: name, and whether they are INITIALLY DEFERRED.
    pub(in crate::probe) deferrable: HashMap<Oid, (String, bool)>,
}

impl Lore {
    /// Types that are made of others.
    pub(in crate::probe) async fn kinds(&self, eye: &Eye<'_>) -> Result<Rc<Kinds>> {
        if let Some(known) = self.kinds.borrow().as_ref() {
            return Ok(Rc::clone(known));
        }
        let reply = eye
            .ask(include_str!("../../../sql/probe/kinds.sql"))
            .await?;
        let kinds = Rc::new(Kinds::read(reply.rows()));
        *self.kinds.borrow_mut() = Some(Rc::clone(&kinds));
        Ok(kinds)
    }

    /// What a new row of this relation has to fulfil.
    pub(in crate::probe) async fn shape(
        &self,
        eye: &Eye<'_>,
        relation: &Relation,
    ) -> Result<Rc<Shape>> {
        if let Some(known) = self.shapes.borrow().get(&relation.oid) {
            return Ok(Rc::clone(known));
        }
        let sql = include_str!("../../../sql/probe/shape.sql");
        let reply = eye.ask(&about(sql, relation.oid)).await?;
        let shape = Rc::new(Shape::read(reply.rows()));
        self.shapes
            .borrow_mut()
            .insert(relation.oid, Rc::clone(&shape));
        Ok(shape)
    }

    /// Bounds of the partitions below a relation.
    pub(in crate::probe) async fn leaves(
        &self,
        eye: &Eye<'_>,
        relation: &Relation,
    ) -> Result<Rc<Vec<String>>> {
        if let Some(known) = self.leaves.borrow().get(&relation.oid) {
            return Ok(Rc::clone(known));
        }
        let sql = include_str!("../../../sql/probe/leaves.sql");
        let reply = eye.ask(&about(sql, relation.oid)).await?;
        let bounds = reply.rows().iter().filter_map(|row| row.first()?.clone());
        let bounds = Rc::new(bounds.collect::<Vec<_>>());
        self.leaves
            .borrow_mut()
            .insert(relation.oid, Rc::clone(&bounds));
        Ok(bounds)
    }
}

/// The simple protocol, in which the eye asks, has no parameters.
fn about(sql: &str, oid: Oid) -> String {
    sql.replace("$1", &oid.to_string())
}

type Row = Vec<Option<String>>;

fn text(row: &Row, at: usize) -> Option<&str> {
    row.get(at)?.as_deref()
}

fn number<N: std::str::FromStr>(row: &Row, at: usize) -> Option<N> {
    text(row, at)?.trim().parse().ok()
}

impl Kinds {
    fn read(rows: &[Row]) -> Self {
        let mut kinds = Self::default();
        for row in rows {
            kinds.take(row);
        }
        kinds
    }

    fn take(&mut self, row: &Row) -> Option<()> {
        let oid: Oid = number(row, 1)?;
        match text(row, 0)? {
            "check" => {
                let body = text(row, 5)?.to_owned();
                self.checks.entry(oid).or_default().push(body);
            }
            "field" => {
                let field = (number(row, 3)?, number(row, 4)?);
                self.fields.entry(oid).or_default().push(field);
            }
            "element" => {
                self.elements.insert(oid, number(row, 3)?);
            }
            "range" => {
                self.ranges.insert(oid, number(row, 3)?);
            }
            "multirange" => {
                self.multiranges.insert(oid, number(row, 3)?);
            }
            _ => {}
        }
        Some(())
    }
}

impl Shape {
    fn read(rows: &[Row]) -> Self {
        let mut shape = Self::default();
        for row in rows {
            shape.take(row);
        }
        shape
    }

    fn take(&mut self, row: &Row) -> Option<()> {
        let body = text(row, 3)?.to_owned();
        match text(row, 0)? {
            "check" => self.checks.push((text(row, 1)?.to_owned(), body)),
            "bound" => self.bound = Some(body),
            "default" => {
                self.defaults.insert(number(row, 2)?, body);
            }
            "generated" => {
                self.generated.insert(number(row, 2)?, body);
            }
            "type" => {
                self.types.insert(number(row, 2)?, body);
            }
            "deferred" => {
                let name = text(row, 1)?.to_owned();
                let deferred = body == "true" || body == "t";
                self.deferrable.insert(number(row, 2)?, (name, deferred));
            }
            _ => {}
        }
        Some(())
    }
}
