//! A terminal for tests: understands what a VT100 does of what [`xtterm::draw::Ansi`] may send, and nothing else.

use std::fmt;

pub(crate) struct Terminal {
    pub(crate) columns: usize,
    /// Characters with the rendition that they were drawn in.
    pub(crate) cells: Vec<Vec<(char, String)>>,
    pub(crate) at: (usize, usize),
    pub(crate) cursor: bool,
    pub(crate) bytes: usize,
    rendition: String,
    sequence: Option<String>,
}

impl Terminal {
    pub(crate) fn new(rows: usize, columns: usize) -> Self {
        // Full of rubbish: who draws must not rely on an empty screen.
        let rubbish = vec![vec![('#', "0".to_owned()); columns]; rows];
        Self {
            columns,
            cells: rubbish,
            at: (rows - 1, columns - 1),
            cursor: true,
            bytes: 0,
            rendition: "31".into(),
            sequence: None,
        }
    }

    pub(crate) fn text(&self) -> Vec<String> {
        let line = |row: &Vec<(char, String)>| row.iter().map(|(one, _)| one).collect::<String>();
        self.cells.iter().map(|row| line(row).trim_end().to_owned()).collect()
    }

    fn control(&mut self, sequence: &str) {
        let (numbers, last) = sequence.split_at(sequence.len() - 1);
        match (numbers, last) {
            ("2", "J") => self.cells.iter_mut().flatten().for_each(|cell| *cell = (' ', "0".into())),
            ("?25", "h") => self.cursor = true,
            ("?25", "l") => self.cursor = false,
            (_, "H") => {
                let (row, column) = numbers.split_once(';').unwrap();
                self.at = (row.parse::<usize>().unwrap() - 1, column.parse::<usize>().unwrap() - 1);
                assert!(self.at.0 < self.cells.len() && self.at.1 < self.columns, "{:?}", self.at);
            }
            (_, "m") => self.rendition = numbers.to_owned(),
            _ => panic!("unknown sequence {sequence:?}"),
        }
    }
}

impl fmt::Write for Terminal {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes += text.len();
        for one in text.chars() {
            match (&mut self.sequence, one) {
                (None, '\x1b') => self.sequence = Some(String::new()),
                (None, _) => {
                    let (row, column) = self.at;
                    assert!(!one.is_control() && column < self.columns, "{one:?} at {:?}", self.at);
                    self.cells[row][column] = (one, self.rendition.clone());
                    self.at.1 += 1;
                    // The last cell of all makes terminals scroll.
                    assert!(self.at != (self.cells.len() - 1, self.columns), "scrolled");
                }
                (Some(sequence), '[') if sequence.is_empty() => sequence.push('['),
                (Some(sequence), _) => {
                    sequence.push(one);
                    if one.is_ascii_alphabetic() {
                        let whole = self.sequence.take().unwrap();
                        self.control(whole.strip_prefix('[').unwrap());
                    }
                }
            }
        }
        Ok(())
    }
}
