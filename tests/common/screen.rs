//! A terminal in memory: it understands what `jam host` sends, and says what is on it.

pub struct Screen {
    rows: Vec<Vec<char>>,
    columns: usize,
    row: usize,
    column: usize,
    /// The beginning of a sequence.
    rest: String,
    /// On the other screen, where programs that fill it draw.
    pub is_other: bool,
    pub has_cursor: bool,
}

impl Screen {
    pub fn new(columns: usize, rows: usize) -> Self {
        Self {
            rows: vec![vec![' '; columns]; rows],
            columns,
            row: 0,
            column: 0,
            rest: String::new(),
            is_other: false,
            has_cursor: true,
        }
    }

    pub fn feed(&mut self, text: &str) {
        let text = std::mem::take(&mut self.rest) + text;
        let mut left = text.as_str();
        while let Some(c) = left.chars().next() {
            let mut length = c.len_utf8();
            match c {
                '\x1b' => match sequence(left) {
                    Some((numbers, last, bytes)) => {
                        self.obey(numbers, last);
                        length = bytes;
                    }
                    None => {
                        self.rest = left.to_owned();
                        return;
                    }
                },
                '\r' => self.column = 0,
                '\n' => self.row += 1,
                c => self.put(c),
            }
            left = &left[length..];
        }
    }

    fn put(&mut self, c: char) {
        let cell = self
            .rows
            .get_mut(self.row)
            .and_then(|row| row.get_mut(self.column));
        if let Some(cell) = cell {
            *cell = c;
        }
        self.column += 1;
    }

    fn obey(&mut self, numbers: &str, last: char) {
        match (numbers, last) {
            ("?1049", 'h') => self.is_other = true,
            ("?1049", 'l') => self.is_other = false,
            ("?25", 'h') => self.has_cursor = true,
            ("?25", 'l') => self.has_cursor = false,
            ("2", 'J') => self.rows = vec![vec![' '; self.columns]; self.rows.len()],
            (_, 'K') => {
                if let Some(row) = self.rows.get_mut(self.row) {
                    let from = self.column.min(row.len());
                    row[from..].fill(' ');
                }
            }
            (place, 'H') => {
                let (row, column) = place.split_once(';').unwrap_or((place, "1"));
                self.row = row.parse::<usize>().unwrap_or(1) - 1;
                self.column = column.parse::<usize>().unwrap_or(1) - 1;
            }
            _ => {}
        }
    }

    /// Lines without the blanks at their ends.
    pub fn lines(&self) -> Vec<String> {
        let line = |row: &Vec<char>| row.iter().collect::<String>().trim_end().to_owned();
        self.rows.iter().map(line).collect()
    }

    /// Whether one line has all of these.
    pub fn has(&self, parts: &[&str]) -> bool {
        let has_all = |line: &String| parts.iter().all(|part| line.contains(part));
        self.lines().iter().any(has_all)
    }
}

/// `ESC [ numbers letter`, and how long it is.
fn sequence(text: &str) -> Option<(&str, char, usize)> {
    let inside = text.strip_prefix("\x1b[")?;
    let end = inside.find(|c: char| c.is_ascii_alphabetic())?;
    let last = inside[end..].chars().next()?;
    Some((&inside[..end], last, 2 + end + 1))
}
