//! Functions as they are called: what they take, what is known of those that are not read.

use super::known::rows_of;
use super::walk::Walker;
use crate::catalog::{Function, unprinted};
use crate::query::{Arm, Binding, Calls, Frame};

/// How the reason ends where a function reads what nobody sees here.
pub const NAMED_BY_ARGUMENTS: &str = "reads what its arguments name";

impl Calls for Walker<'_> {
    fn rows(
        &self,
        function: &Function,
        arguments: Vec<Binding>,
        frame: &Frame,
    ) -> Option<Vec<Arm>> {
        let given = rows_of(&arguments);
        let called = self.call(function, arguments, frame);
        let followed = called.unknown.is_empty() && !called.shown.is_empty();
        let shown = called.shown.iter().map(|shown| shown.arm.clone());
        let shown = followed.then(|| self.anew(shown.collect(), &given));
        self.beside.borrow_mut().push(called);
        shown
    }
}

/// Why what a function does is not known; `None` where it does nothing but compute.
pub(super) fn unread(function: &Function) -> Option<String> {
    let signature = function.signature();
    if let Some(why) = unprinted(Some(&function.body)) {
        return Some(format!("the body of {signature}: {why}"));
    }
    match function.language.as_str() {
        "sql" | "plpgsql" => Some(format!("the body of {signature} does not parse")),
        // An aggregate or a window function; what it is made of is looked at by itself.
        _ if matches!(function.kind, 'a' | 'w') => None,
        // What an extension ships in C computes, but for what runs the SQL that it is given.
        "c" | "internal" if function.of_extension && !reaches_out(&function.name) => None,
        other => Some(format!("{signature} is written in {other}")),
    }
}

/// Functions that run SQL or read files and objects that their arguments name. `functions-admin`,
/// `lo-funcs`, `functions-xml`, `dblink`, `tablefunc`.
fn reaches_out(name: &str) -> bool {
    const NAMES: [&str; 24] = [
        "connectby",
        "cursor_to_xml",
        "database_to_xml",
        "database_to_xml_and_xmlschema",
        "lo_export",
        "lo_get",
        "lo_from_bytea",
        "lo_import",
        "lo_open",
        "lo_put",
        "lo_unlink",
        "loread",
        "lowrite",
        "pg_read_binary_file",
        "pg_read_file",
        "query_to_xml",
        "query_to_xml_and_xmlschema",
        "query_to_xmlschema",
        "schema_to_xml",
        "schema_to_xml_and_xmlschema",
        "table_to_xml",
        "table_to_xml_and_xmlschema",
        "ts_stat",
        "xpath_table",
    ];
    let bare = name.rsplit('.').next().unwrap_or(name);
    NAMES.contains(&bare) || bare.starts_with("dblink") || bare.starts_with("crosstab")
}

/// Why a function of that name may read what nobody sees here.
pub(super) fn names_its_own(name: &str) -> Option<String> {
    reaches_out(name).then(|| format!("{name}() {NAMED_BY_ARGUMENTS}"))
}

/// The names of what a function takes and does not return.
pub(super) fn inputs(function: &Function) -> Vec<String> {
    let names = parameters(function);
    names
        .into_iter()
        .filter(|name| !function.arguments.contains(&format!("INOUT {name} ")))
        .collect()
}

/// The names of what a function takes, in order; empty for one without a name.
pub(super) fn parameters(function: &Function) -> Vec<String> {
    function
        .arguments
        .split(", ")
        .filter_map(|argument| {
            let argument = argument.trim();
            if argument.is_empty() || argument.starts_with("OUT ") {
                return None;
            }
            let rest = ["INOUT ", "IN ", "VARIADIC "]
                .iter()
                .find_map(|mode| argument.strip_prefix(mode))
                .unwrap_or(argument);
            let name = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next().unwrap_or_default(),
                None => match rest.split_once(' ') {
                    Some((name, _)) => name,
                    None => "",
                },
            };
            Some(name.to_owned())
        })
        .collect()
}
