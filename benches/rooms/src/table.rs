//! Text in columns: the first to the left, the others to the right.

pub struct Table {
    title: String,
    rows: Vec<Row>,
}

enum Row {
    Cells(Vec<String>),
    /// A name, and a text that has no columns.
    Words(String, String),
}

impl Table {
    #[must_use]
    pub fn new(title: impl Into<String>, heads: &[&str]) -> Self {
        let heads = heads.iter().map(|&head| head.into()).collect();
        Self {
            title: title.into(),
            rows: vec![Row::Cells(heads)],
        }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(Row::Cells(cells));
    }

    pub fn words(&mut self, name: &str, words: &str) {
        self.rows.push(Row::Words(name.into(), words.into()));
    }

    #[must_use]
    pub fn text(&self) -> String {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            let cells = match row {
                Row::Cells(cells) => cells.as_slice(),
                Row::Words(name, _) => std::slice::from_ref(name),
            };
            widths.resize(widths.len().max(cells.len()), 0);
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = format!("{}\n", self.title);
        for row in &self.rows {
            let line = match row {
                Row::Words(name, words) => format!("{name:<0$}  {words}", widths[0]),
                Row::Cells(cells) => {
                    let cells = cells.iter().zip(&widths).enumerate();
                    let cells = cells.map(|(column, (cell, &width))| match column {
                        0 => format!("{cell:<width$}"),
                        _ => format!("{cell:>width$}"),
                    });
                    cells.collect::<Vec<_>>().join("  ")
                }
            };
            text += &format!("  {}\n", line.trim_end());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new("fan-out", &["", "p50"]);
        table.row(vec!["jam".into(), "1.5 ms".into()]);
        table.words("another", "not installed");
        assert_eq!(
            table.text(),
            "fan-out\n              p50\n  jam      1.5 ms\n  another  not installed\n"
        );
    }
}
