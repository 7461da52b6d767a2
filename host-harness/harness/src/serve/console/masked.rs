//! Mobile numbers and addresses, as far as they are shown unasked: enough to know which one it is, and not enough to use it.

/// A number or an address with its middle covered.
pub fn masked(text: &str) -> String {
    if let Some((name, host)) = text.split_once('@') {
        return format!("{}***@{host}", name.chars().take(1).collect::<String>());
    }
    let letters: Vec<char> = text.chars().collect();
    let (front, back) = match letters.len() {
        0..=4 => (0, 0),
        5..=7 => (1, 1),
        _ => (3, 2),
    };
    let (front, back) = (&letters[..front], &letters[letters.len() - back..]);
    format!("{}****{}", front.iter().collect::<String>(), back.iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn the_middle_is_covered() {
        for (text, expected) in [
            ("13800001234", "138****34"),
            ("+8613800001234", "+86****34"),
            ("lisi@example.com", "l***@example.com"),
            ("@example.com", "***@example.com"),
            ("北京市海淀区某路一号", "北京市****一号"),
            ("12345", "1****5"),
            ("1234", "****"),
            ("", "****"),
        ] {
            assert_eq!(masked(text), expected, "{text}");
        }
    }
}
