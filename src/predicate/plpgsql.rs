//! PL/pgSQL functions that come down to one expression: variables that are set, IF, RETURN.
//!
//! What loops, catches, writes or runs text that it puts together does not.

use squawk_syntax::SourceFile;
use squawk_syntax::ast::{self, AstNode};

use super::expr::Expr;
use super::parse;

/// Statements that are followed, each counted in every branch that leads to it.
const MAX_STATEMENTS: usize = 200;

/// What stands for a statement that raises.
pub(super) const RAISE: &str = "raise exception";

/// The expression that a body returns; parameters become numbers.
pub(super) fn expression(text: &str, parameters: &[String]) -> Option<Expr> {
    // What changes a setting changes what is read afterwards.
    let lower = text.to_ascii_lowercase();
    if text.len() > parse::MAX_BYTES || lower.contains("set_config") || lower.contains('#') {
        return None;
    }
    let (text, into) = without_into(text);
    let mut tag = "$body$".to_owned();
    while text.contains(&tag) {
        tag.insert(1, 'x');
    }
    let parsed = SourceFile::parse(&format!("do {tag}{text}{tag}"));
    let body = parsed
        .tree()
        .syntax()
        .descendants()
        .find_map(ast::Do::cast)?
        .plpgsql()?;
    if !body.errors().is_empty() {
        return None;
    }
    let tree = ast::Plpgsql::cast(body.syntax())?;
    let mut walk = Walk {
        into,
        left: MAX_STATEMENTS,
    };
    let mut known = Known(Vec::new());
    for (number, name) in parameters.iter().enumerate() {
        known.set(name, Expr::Parameter(number));
    }
    let block = ast::PlpgsqlStmt::PlpgsqlBlock(tree.block()?);
    walk.returned(&[block], known)
}

/// `INTO v` of a statement, which is not the parser's: where it stood, and the variables.
struct Into {
    at: usize,
    variables: Vec<String>,
}

/// Variables and what was last put into them.
#[derive(Clone)]
struct Known(Vec<(String, Option<String>, Expr)>);

impl Known {
    fn set(&mut self, name: &str, value: Expr) {
        self.declare(name, None, value);
    }

    fn declare(&mut self, name: &str, ty: Option<String>, value: Expr) {
        self.0.push((name.to_owned(), ty, value));
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().rposition(|(known, ..)| known == name)
    }

    /// Puts a value into a variable that was declared.
    fn assign(&mut self, name: &str, value: Expr) -> Option<()> {
        let at = self.position(name)?;
        let (_, ty, old) = self.0.get_mut(at)?;
        *old = typed(value, ty.as_deref());
        Some(())
    }

    /// An expression with the values of variables in their place.
    fn fill(&self, expr: &Expr) -> Expr {
        expr.map(|table, name, _| {
            // A name that is a column as well is an error of the server's.
            let at = table.is_none().then(|| self.position(name))??;
            Some(self.0.get(at)?.2.clone())
        })
    }
}

struct Walk {
    into: Vec<Into>,
    left: usize,
}

impl Walk {
    /// What a list of statements returns.
    fn returned(&mut self, stmts: &[ast::PlpgsqlStmt], mut known: Known) -> Option<Expr> {
        let Some((first, rest)) = stmts.split_first() else {
            // It ends without RETURN, which is an error.
            return Some(Expr::Call(RAISE.into(), Vec::new()));
        };
        self.left = self.left.checked_sub(1)?;
        match first {
            ast::PlpgsqlStmt::PlpgsqlNullStmt(_) => {}
            ast::PlpgsqlStmt::PlpgsqlReturnStmt(stmt) => {
                return Some(known.fill(&value(&stmt.expr()?.syntax().text().to_string())?));
            }
            ast::PlpgsqlStmt::PlpgsqlRaiseStmt(stmt) => {
                let raises = stmt
                    .level()
                    .is_none_or(|level| level.exception_token().is_some());
                if raises {
                    return Some(Expr::Call(RAISE.into(), Vec::new()));
                }
            }
            ast::PlpgsqlStmt::PlpgsqlBlock(block) => {
                if block.exception().is_some() {
                    return None;
                }
                for decl in block.declare_section().into_iter().flat_map(|s| s.decls()) {
                    declare(&decl, &mut known)?;
                }
                let mut all: Vec<_> = block.body().into_iter().flat_map(|b| b.stmts()).collect();
                all.extend(rest.iter().cloned());
                return self.returned(&all, known);
            }
            ast::PlpgsqlStmt::PlpgsqlIfStmt(stmt) => return self.branches(stmt, rest, &known),
            ast::PlpgsqlStmt::PlpgsqlAssignStmt(stmt) => assign(stmt, &mut known)?,
            ast::PlpgsqlStmt::PlpgsqlExecSqlStmt(stmt) => {
                let query = stmt.stmt()?;
                self.select(query.syntax(), &mut known)?;
            }
            ast::PlpgsqlStmt::PlpgsqlPerformStmt(stmt) => {
                let text = stmt.syntax().text().to_string();
                let query = text.trim().get("perform".len()..)?.trim_end_matches(';');
                found(&value(query)?, &mut known)?;
            }
            _ => return None,
        }
        self.returned(rest, known)
    }

    fn branches(
        &mut self,
        stmt: &ast::PlpgsqlIfStmt,
        rest: &[ast::PlpgsqlStmt],
        known: &Known,
    ) -> Option<Expr> {
        let mut branch = |body: Option<ast::PlpgsqlBody>| {
            let mut all: Vec<_> = body.into_iter().flat_map(|body| body.stmts()).collect();
            all.extend(rest.iter().cloned());
            self.returned(&all, known.clone())
        };
        let condition = |cond: Option<ast::PlpgsqlExpr>| {
            Some(known.fill(&value(&cond?.syntax().text().to_string())?))
        };
        let mut arms = vec![(condition(stmt.cond())?, branch(stmt.then_body())?)];
        for elsif in stmt.elsifs() {
            arms.push((condition(elsif.cond())?, branch(elsif.body())?));
        }
        let otherwise = branch(stmt.else_clause().and_then(|clause| clause.body()))?;
        Some(Expr::Case(arms, Box::new(otherwise)))
    }

    /// `SELECT … INTO v …`
    fn select(&mut self, query: &squawk_syntax::SyntaxNode, known: &mut Known) -> Option<()> {
        let range = query.text_range();
        let (from, to) = (usize::from(range.start()), usize::from(range.end()));
        let into = self
            .into
            .iter()
            .find(|into| (from..=to).contains(&into.at))?;
        let text = query.text().to_string();
        let rest = text.trim().get("select".len()..)?;
        let Expr::Scalar(select) = rows(rest.trim_end_matches(';'))? else {
            return None;
        };
        if select.targets.len() != into.variables.len() {
            return None;
        }
        let filled = known.clone();
        for ((target, name), variable) in select.targets.iter().zip(&into.variables) {
            let mut one = (*select).clone();
            one.targets = vec![(target.clone(), name.clone())];
            let value = match one.from.is_empty() && one.filter.is_none() {
                true => target.clone(),
                false => Expr::Scalar(Box::new(one)),
            };
            known.assign(variable, filled.fill(&value))?;
        }
        found(&filled.fill(&Expr::Scalar(select)), known)
    }
}

/// FOUND after a query.
fn found(query: &Expr, known: &mut Known) -> Option<()> {
    let is_found = match query {
        Expr::Scalar(select) => Expr::Exists(select.clone()),
        _ => Expr::Bool(true),
    };
    let is_found = known.fill(&is_found);
    known.set("found", is_found);
    Some(())
}

fn declare(decl: &ast::PlpgsqlDecl, known: &mut Known) -> Option<()> {
    let ast::PlpgsqlDecl::PlpgsqlVarDecl(decl) = decl else {
        return None;
    };
    let name = parse::identifier(decl.name()?.syntax().text().to_string().trim());
    let ty = decl.ty()?.syntax().text().to_string();
    let ty = ty.split_whitespace().collect::<Vec<_>>().join(" ");
    let value = match decl.init() {
        Some(init) => known.fill(&value(&init.expr()?.syntax().text().to_string())?),
        None => Expr::Null,
    };
    let ty = (!ty.contains('%')).then_some(ty);
    let value = typed(value, ty.as_deref());
    known.declare(&name, ty, value);
    Some(())
}

fn assign(stmt: &ast::PlpgsqlAssignStmt, known: &mut Known) -> Option<()> {
    let mut parts = stmt.syntax().children();
    let target = parts.find_map(ast::PlpgsqlAssignTarget::cast)?;
    let to = stmt.syntax().children().find_map(ast::PlpgsqlExpr::cast)?;
    if target.accessors().next().is_some() {
        return None;
    }
    let name = parse::identifier(target.name()?.syntax().text().to_string().trim());
    let value = known.fill(&value(&to.syntax().text().to_string())?);
    known.assign(&name, value)
}

/// What assignment makes of a value; a condition stays one.
fn typed(value: Expr, ty: Option<&str>) -> Expr {
    match ty {
        Some(ty) if !matches!(ty, "bool" | "boolean") && value != Expr::Null => {
            Expr::Cast(Box::new(value), ty.to_owned())
        }
        _ => value,
    }
}

/// An expression of PL/pgSQL is what comes after SELECT.
fn value(text: &str) -> Option<Expr> {
    match rows(text)? {
        Expr::Scalar(select) if select.from.is_empty() && select.filter.is_none() => {
            match select.targets.as_slice() {
                [(target, _)] => Some(target.clone()),
                _ => None,
            }
        }
        other => Some(other),
    }
}

fn rows(text: &str) -> Option<Expr> {
    match parse::expression(&format!("(select {text})"))? {
        Expr::Opaque(_) => None,
        known => Some(known),
    }
}

/// The text with every INTO of variables blanked, and what stood there.
fn without_into(text: &str) -> (String, Vec<Into>) {
    let words = words(text);
    let mut blanked = text.as_bytes().to_vec();
    let mut found = Vec::new();
    let word = |at: usize| words.get(at).map(|(_, word)| word.to_ascii_lowercase());
    for (at, (start, name)) in words.iter().enumerate() {
        let before = at.checked_sub(1).and_then(word);
        let of_table = matches!(before.as_deref(), Some("insert" | "merge"));
        if !name.eq_ignore_ascii_case("into") || of_table {
            continue;
        }
        let mut next = at + 1 + usize::from(word(at + 1).as_deref() == Some("strict"));
        let mut variables = Vec::new();
        let mut end = *start + name.len();
        while let Some((from, name)) = words.get(next) {
            variables.push(parse::identifier(name));
            end = from + name.len();
            next += 1;
            let goes_on = words.get(next).is_some_and(|(to, _)| {
                text.get(end..*to)
                    .is_some_and(|between| between.trim() == ",")
            });
            if !goes_on {
                break;
            }
        }
        if let Some(range) = blanked.get_mut(*start..end) {
            range.fill(b' ');
        }
        found.push(Into {
            at: *start,
            variables,
        });
    }
    match String::from_utf8(blanked) {
        Ok(blanked) => (blanked, found),
        Err(_) => (text.to_owned(), Vec::new()),
    }
}

/// Words outside of strings and comments, with their places.
fn words(text: &str) -> Vec<(usize, &str)> {
    let parsed = SourceFile::parse(text);
    let tokens = parsed.tree().syntax().clone();
    tokens
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter_map(|token| {
            let range = token.text_range();
            let at = usize::from(range.start());
            let word = text.get(at..usize::from(range.end()))?;
            let named = word.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '"'));
            named.then_some((at, word))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Option<Expr> {
        expression(text, &["who".to_owned()])
    }

    #[test]
    fn a_variable_is_what_was_put_into_it() {
        let text = "declare v text := 'a'; begin v := v || who; return v; end";
        let Some(Expr::Cast(value, ty)) = body(text) else {
            panic!("{:?}", body(text))
        };
        assert_eq!(ty, "text");
        let Expr::Binary(_, left, right) = *value else {
            panic!("{value:?}")
        };
        assert!(matches!(*left, Expr::Cast(..)));
        assert_eq!(*right, Expr::Parameter(0));
    }

    #[test]
    fn branches_become_a_case() {
        let text = "begin if who is null then raise exception 'no'; elsif who = 'a' then return 1; end if; return 2; end;";
        let Some(Expr::Case(arms, otherwise)) = body(text) else {
            panic!("{:?}", body(text))
        };
        assert_eq!(arms[0].1, Expr::Call(RAISE.into(), vec![]));
        assert_eq!(arms[1].1, Expr::Literal("1".into()));
        assert_eq!(*otherwise, Expr::Literal("2".into()));
    }

    #[test]
    fn a_query_into_a_variable_is_a_sub_select() {
        let text = "declare found_one bool; begin select true into strict found_one from public.m where m.u = who; return coalesce(found_one, false); end";
        let Some(Expr::Call(name, arguments)) = body(text) else {
            panic!("{:?}", body(text))
        };
        assert_eq!(name, "coalesce");
        assert!(matches!(&arguments[0], Expr::Scalar(select) if select.from.len() == 1));
        let text = "begin perform 1 from public.m where m.u = who; return found; end";
        assert!(matches!(body(text), Some(Expr::Exists(_))));
    }

    #[test]
    fn what_does_more_is_not_followed() {
        for text in [
            "begin return 1; exception when others then return 2; end",
            "begin loop return 1; end loop; end",
            "begin execute 'select 1'; return 1; end",
            "begin insert into t values (1); return 1; end",
            "begin perform set_config('a.b', 'c', true); return 1; end",
            "begin return",
        ] {
            assert_eq!(body(text), None, "{text}");
        }
    }
}
