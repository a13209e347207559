//! What a template reads and calls, found in its syntax tree: before any record is there, and
//! whichever way its conditions will go.

use std::collections::HashSet;
use std::ops::Range;

use minijinja::Error;
use minijinja::machinery::ast::{CallArg, Expr, Stmt};
use minijinja::machinery::{Span, parse};

use super::COLUMNS;
use crate::mapping::suggest::{did_you_mean, listed, quoted};
use crate::outcome::{Bilingual, both};

/// The filters that a template may use. None of them knows anything but its values.
pub(in crate::mapping) const FILTERS: &[&str] = &[
    "abs",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "trim",
    "unique",
    "upper",
    "zip",
];

/// The tests that a template may use.
pub(in crate::mapping) const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "even",
    "false",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
    "upper",
];

/// The functions that a template may call.
pub(in crate::mapping) const FUNCTIONS: &[&str] = &["dict", "namespace", "range"];

/// What a template reads.
#[derive(Debug, Default)]
pub(super) struct Reading<'a> {
    /// The columns, each time that they are read, with the place in the template.
    pub(super) columns: Vec<(String, Range<usize>)>,
    /// What is wrong with it.
    pub(super) faults: Vec<Fault>,
    variables: Vec<(&'a str, Span)>,
    assigned: HashSet<&'a str>,
}

/// Something wrong with a template.
#[derive(Debug)]
pub(super) struct Fault {
    /// Where in the template, in bytes.
    pub(super) at: Range<usize>,
    /// What.
    pub(super) title: Bilingual,
    /// What to do.
    pub(super) help: Bilingual,
}

/// Reads the template `source`.
///
/// # Errors
/// It is no template at all.
pub(super) fn read(source: &str) -> Result<Reading<'_>, Error> {
    let tree = parse(source, super::NAME, Default::default())?;
    let mut reading = Reading::default();
    reading.statement(&tree);
    reading.judge_variables();
    Ok(reading)
}

impl<'a> Reading<'a> {
    /// Variables that are set nowhere: what people wrote for a column.
    fn judge_variables(&mut self) {
        for (name, span) in std::mem::take(&mut self.variables) {
            if !self.assigned.contains(name) {
                self.fault(
                    span,
                    both!(
                        "the template does not know {shown}",
                        "die Vorlage kennt {shown} nicht",
                        shown = quoted(name)
                    ),
                    both!(
                        "a column is written {COLUMNS}['{name}']",
                        "eine Spalte schreibt man {COLUMNS}['{name}']"
                    ),
                );
            }
        }
    }

    fn fault(&mut self, span: Span, title: Bilingual, help: Bilingual) {
        self.faults.push(Fault {
            at: range(span),
            title,
            help,
        });
    }

    fn statements(&mut self, list: &[Stmt<'a>]) {
        list.iter().for_each(|one| self.statement(one));
    }

    fn statement(&mut self, statement: &Stmt<'a>) {
        match statement {
            Stmt::Template(it) => self.statements(&it.children),
            Stmt::EmitExpr(it) => self.expression(&it.expr),
            Stmt::EmitRaw(_) => {}
            Stmt::ForLoop(it) => {
                self.assigned.insert("loop");
                self.target(&it.target);
                self.expression(&it.iter);
                self.optional(it.filter_expr.as_ref());
                self.statements(&it.body);
                self.statements(&it.else_body);
            }
            Stmt::IfCond(it) => {
                self.expression(&it.expr);
                self.statements(&it.true_body);
                self.statements(&it.false_body);
            }
            Stmt::WithBlock(it) => {
                for (target, value) in &it.assignments {
                    self.target(target);
                    self.expression(value);
                }
                self.statements(&it.body);
            }
            Stmt::Set(it) => {
                self.target(&it.target);
                self.expression(&it.expr);
            }
            Stmt::SetBlock(it) => {
                self.target(&it.target);
                self.optional(it.filter.as_ref());
                self.statements(&it.body);
            }
            Stmt::AutoEscape(it) => {
                let help = both!(
                    "leave it out: nothing is escaped anyway",
                    "weglassen: es wird ohnehin nichts maskiert"
                );
                let title = both!(
                    "the template sets `autoescape`",
                    "die Vorlage setzt `autoescape`"
                );
                self.fault(it.span(), title, help);
            }
            Stmt::FilterBlock(it) => {
                self.expression(&it.filter);
                self.statements(&it.body);
            }
            Stmt::Do(it) => {
                self.call(&it.call.expr, &it.call.args, it.span());
            }
        }
    }

    /// What a statement sets.
    fn target(&mut self, target: &Expr<'a>) {
        match target {
            Expr::Var(name) if name.id == COLUMNS => self.fault(
                name.span(),
                both!(
                    "the template sets `{COLUMNS}`",
                    "die Vorlage setzt `{COLUMNS}`"
                ),
                both!(
                    "the record's columns stand there: take another name",
                    "dort stehen die Spalten des Datensatzes: einen anderen Namen nehmen"
                ),
            ),
            Expr::Var(name) => {
                self.assigned.insert(name.id);
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.target(item)),
            Expr::Tuple(list) => list.items.iter().for_each(|item| self.target(item)),
            other => self.expression(other),
        }
    }

    fn optional(&mut self, expression: Option<&Expr<'a>>) {
        if let Some(expression) = expression {
            self.expression(expression);
        }
    }

    fn expression(&mut self, expression: &Expr<'a>) {
        match expression {
            Expr::Var(name) if name.id == COLUMNS => self.whole(name.span()),
            Expr::Var(name) => self.variables.push((name.id, name.span())),
            Expr::Const(_) => {}
            Expr::Slice(it) => {
                self.expression(&it.expr);
                for bound in [&it.start, &it.stop, &it.step] {
                    self.optional(bound.as_ref());
                }
            }
            Expr::UnaryOp(it) => self.expression(&it.expr),
            Expr::BinOp(it) => {
                self.expression(&it.left);
                self.expression(&it.right);
            }
            Expr::Compare(it) => {
                self.expression(&it.expr);
                it.ops.iter().for_each(|op| self.expression(&op.expr));
            }
            Expr::IfExpr(it) => {
                self.expression(&it.test_expr);
                self.expression(&it.true_expr);
                self.optional(it.false_expr.as_ref());
            }
            Expr::Filter(it) => {
                self.known(both!("filter", "Filter"), it.name, FILTERS, it.span());
                self.optional(it.expr.as_ref());
                self.arguments(&it.args);
            }
            Expr::Test(it) => {
                self.known(both!("test", "Test"), it.name, TESTS, it.span());
                self.expression(&it.expr);
                self.arguments(&it.args);
            }
            Expr::GetAttr(it) if is_columns(&it.expr) => self.column(it.name, it.span()),
            Expr::GetAttr(it) => self.expression(&it.expr),
            Expr::GetItem(it) if is_columns(&it.expr) => {
                let name = it.subscript_expr.as_const();
                match name.as_ref().and_then(|name| name.as_str()) {
                    Some(name) => self.column(name, it.span()),
                    None => self.whole(it.span()),
                }
            }
            Expr::GetItem(it) => {
                self.expression(&it.expr);
                self.expression(&it.subscript_expr);
            }
            Expr::Call(it) => self.call(&it.expr, &it.args, it.span()),
            Expr::List(it) => it.items.iter().for_each(|item| self.expression(item)),
            Expr::Tuple(it) => it.items.iter().for_each(|item| self.expression(item)),
            Expr::Map(it) => {
                it.keys.iter().for_each(|key| self.expression(key));
                it.values.iter().for_each(|value| self.expression(value));
            }
        }
    }

    fn call(&mut self, callee: &Expr<'a>, arguments: &[CallArg<'a>], span: Span) {
        match callee {
            Expr::Var(name) => self.known(
                both!("function", "Funktion"),
                name.id,
                FUNCTIONS,
                name.span(),
            ),
            Expr::GetAttr(it) if is_columns(&it.expr) => self.whole(span),
            Expr::GetAttr(it) => {
                self.expression(&it.expr);
                // What a loop knows of itself are the only methods that there are.
                if !matches!(&it.expr, Expr::Var(name) if name.id == "loop") {
                    self.fault(
                        span,
                        both!(
                            "the template knows no method {name}",
                            "die Vorlage kennt keine Methode {name}",
                            name = quoted(it.name)
                        ),
                        both!(
                            "filters stand behind a bar, such as `| split(',')`",
                            "Filter stehen hinter einem Strich, etwa `| split(',')`"
                        ),
                    );
                }
            }
            other => self.expression(other),
        }
        self.arguments(arguments);
    }

    fn arguments(&mut self, arguments: &[CallArg<'a>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(value)
                | CallArg::Kwarg(_, value)
                | CallArg::PosSplat(value)
                | CallArg::KwargSplat(value) => self.expression(value),
            }
        }
    }

    fn column(&mut self, name: &str, span: Span) {
        self.columns.push((name.to_owned(), range(span)));
    }

    /// The columns in any other way than one by one, by their names.
    fn whole(&mut self, span: Span) {
        self.fault(
            span,
            both!("the template does not say which column it reads", "die Vorlage sagt nicht, welche Spalte sie liest"),
            both!("name each one: {COLUMNS}['Name']; its columns must be known before a record is read", "jede einzeln nennen: {COLUMNS}['Name']; die Spalten müssen bekannt sein, bevor ein Datensatz gelesen wird"),
        );
    }

    fn known(&mut self, what: Bilingual, name: &str, known: &[&str], span: Span) {
        if known.contains(&name) {
            return;
        }
        let help = did_you_mean(name, known.iter().copied())
            .unwrap_or_else(|| both!([names = listed(known.iter().copied(), known.len())] "it knows {names}", "sie kennt {names}"));
        let title = both!([what, name = Bilingual::same(quoted(name))] "the template knows no {what} {name}", "die Vorlage kennt {name} nicht ({what})");
        self.fault(span, title, help);
    }
}

fn is_columns(expression: &Expr<'_>) -> bool {
    matches!(expression, Expr::Var(name) if name.id == COLUMNS)
}

fn range(span: Span) -> Range<usize> {
    let at = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    at(span.start_offset)..at(span.end_offset)
}
