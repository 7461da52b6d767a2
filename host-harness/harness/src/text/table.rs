//! Columns under each other, also where a character is two cells wide, as Chinese ones are.

use console::measure_text_width;

use super::{Paint, clean};

const GAP: usize = 2;

/// A table that is printed page by page: a column is as wide as the widest cell so far.
pub struct Table {
    header: Vec<&'static str>,
    widths: Vec<usize>,
    paint: Paint,
    begun: bool,
}

impl Table {
    /// A table with these headings.
    pub fn new(header: &[&'static str], paint: Paint) -> Self {
        let widths = header.iter().map(|cell| measure_text_width(cell)).collect();
        Self { header: header.to_vec(), widths, paint, begun: false }
    }

    /// The lines of some rows, below the headings if they are the first.
    pub fn page(&mut self, rows: &[Vec<String>]) -> String {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(measure_text_width(cell));
            }
        }
        let mut text = String::new();
        if !self.begun {
            self.begun = true;
            let header = self.line(self.header.iter().copied());
            text.push_str(&self.paint.bold(&header));
            text.push('\n');
        }
        for row in &rows {
            text.push_str(&self.line(row.iter().map(String::as_str)));
            text.push('\n');
        }
        text
    }

    fn line<'a>(&self, cells: impl Iterator<Item = &'a str>) -> String {
        let mut line = String::new();
        for (cell, width) in cells.zip(&self.widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(measure_text_width(cell)) + GAP));
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_cells() {
        let mut table = Table::new(&["id", "姓名 name", "x"], Paint::plain());
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let first = table.page(&[row(["a", "张三", "1"]), row(["long", "Li", "2"])]);
        assert_eq!(first, "id    姓名 name  x\na     张三       1\nlong  Li         2\n");
        assert_eq!(table.page(&[row(["b", "", ""])]), "b\n", "the headings stand once, and no line ends in spaces");
    }
}
