//! The statement with which the application writes itself into a table that policies trust.

/// A statement with which the application lets itself in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Written {
    /// The table that it writes, by its quoted name.
    pub table: String,
    /// INSERT or UPDATE.
    pub privilege: &'static str,
    /// The role that holds the privilege.
    pub role: String,
    /// The columns that it sets.
    pub columns: Vec<WrittenColumn>,
}

/// A column that [`Written`] sets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WrittenColumn {
    /// Quoted where PostgreSQL would.
    pub name: String,
    /// Its type, as a cast names it.
    pub ty: String,
    /// What to.
    pub to: WrittenValue,
}

/// What a column is set to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WrittenValue {
    /// The tenant in the context.
    Context,
    /// The other tenant, whose rows it wants.
    Other,
    /// A column of the row that it wants.
    OfRow(String),
    /// A constant.
    Constant(String),
    /// What a function of the session tells.
    Expression(String),
}

impl Written {
    /// The statement, with words for values.
    pub fn statement(&self) -> String {
        self.render(&|column| match &column.to {
            WrittenValue::Context => "<the context>".into(),
            WrittenValue::Other => "<another organization>".into(),
            WrittenValue::OfRow(name) => format!("<its {name}>"),
            WrittenValue::Constant(text) => crate::session::quote::literal(text),
            WrittenValue::Expression(sql) => sql.clone(),
        })
    }

    /// The statement with values of the caller's.
    pub fn render(&self, value: &dyn Fn(&WrittenColumn) -> String) -> String {
        let table = &self.table;
        if self.privilege == "UPDATE" {
            let sets: Vec<String> = self
                .columns
                .iter()
                .map(|column| format!("{} = {}", column.name, value(column)))
                .collect();
            return format!("UPDATE {table} SET {}", sets.join(", "));
        }
        let names: Vec<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
        let values: Vec<String> = self.columns.iter().map(value).collect();
        format!(
            "INSERT INTO {table} ({}) VALUES ({})",
            names.join(", "),
            values.join(", ")
        )
    }
}
