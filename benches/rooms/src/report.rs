//! What was measured: figures by name, for the goals and for JSON, and the tables to read.

use crate::bench::{Bench, Taken};
use crate::goals;
use crate::table::Table;
use serde_json::{Map, Value, json};

#[derive(Default)]
pub struct Report {
    figures: Vec<Figure>,
    tables: Vec<Table>,
}

struct Figure {
    scenario: String,
    contestant: String,
    /// With its unit.
    name: &'static str,
    value: f64,
}

/// A column: a figure's name, its head in the table, and its decimals.
pub struct Column {
    pub figure: &'static str,
    pub head: &'static str,
    pub decimals: usize,
}

#[must_use]
pub const fn column(figure: &'static str, head: &'static str, decimals: usize) -> Column {
    Column {
        figure,
        head,
        decimals,
    }
}

impl Report {
    /// A scenario's table: a row for each contestant, `sum_up` makes its figures (one for each column) of its
    /// rounds.
    pub fn add<T>(
        &mut self,
        scenario: &str,
        title: &str,
        bench: &Bench,
        columns: &[Column],
        taken: &[Taken<T>],
        sum_up: impl Fn(&[T]) -> Vec<f64>,
    ) {
        let heads = columns.iter().map(|column| column.head);
        let heads: Vec<&str> = std::iter::once("").chain(heads).collect();
        let mut table = Table::new(format!("{scenario}: {title}"), &heads);
        for taken in taken {
            let rounds = match &taken.rounds {
                Ok(rounds) => rounds,
                Err(reason) => {
                    table.words(&taken.title, &format!("failed: {reason}"));
                    continue;
                }
            };
            let values = sum_up(rounds);
            let cells = columns.iter().zip(&values);
            let cells = cells.map(|(column, value)| format!("{value:.*}", column.decimals));
            table.row(std::iter::once(taken.title.clone()).chain(cells).collect());
            for (column, value) in columns.iter().zip(values) {
                self.figures.push(Figure {
                    scenario: scenario.into(),
                    contestant: taken.name.clone(),
                    name: column.figure,
                    value,
                });
            }
        }
        if taken.iter().any(|it| it.name != crate::servers::JAM) {
            for (title, reason) in &bench.missing {
                table.words(title, &format!("not measured: {reason}"));
            }
        }
        eprintln!("{}", table.text());
        self.tables.push(table);
    }

    #[must_use]
    pub fn figure(&self, scenario: &str, contestant: &str, name: &str) -> Option<f64> {
        let figures = self.figures.iter();
        let mut found = figures.filter(|figure| {
            figure.scenario == scenario && figure.contestant == contestant && figure.name == name
        });
        found.next().map(|figure| figure.value)
    }

    /// Adds the table of goals.
    pub fn judge(&mut self) {
        self.tables.extend(goals::table(self));
    }

    #[must_use]
    pub fn text(&self) -> String {
        let tables: Vec<String> = self.tables.iter().map(Table::text).collect();
        tables.join("\n")
    }

    #[must_use]
    pub fn json(&self) -> String {
        let mut all = Map::new();
        for figure in &self.figures {
            let mut place = &mut all;
            for name in [&figure.scenario, &figure.contestant] {
                let inner = place.entry(name.clone()).or_insert_with(|| json!({}));
                let Value::Object(inner) = inner else {
                    unreachable!("bug: only objects are put there")
                };
                place = inner;
            }
            place.insert(figure.name.into(), json!(figure.value));
        }
        format!("{:#}\n", Value::Object(all))
    }
}
