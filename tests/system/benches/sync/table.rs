//! What a person reads.

use std::time::Duration;

/// Width of the names of figures.
const NAMES: usize = 44;

/// A heading above columns.
pub fn heading(what: &str, columns: &[&str]) {
    println!();
    row(what, columns.iter().map(|&column| column.to_owned()));
}

/// A figure for each column.
pub fn row(what: &str, cells: impl IntoIterator<Item = String>) {
    let cells: String = cells.into_iter().map(|cell| format!(" {cell:>15}")).collect();
    println!("{what:<NAMES$}{}", cells.trim_end());
}

pub fn milliseconds(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..1_000_000 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        _ => format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
    }
}

pub fn ratio(ratio: f64) -> String {
    format!("{ratio:.2}")
}

/// 1234567 as 1,234,567.
pub fn number(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
