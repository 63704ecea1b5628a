//! Text that people gave, made fit for display. It is only ever shown, never a path and never markup.

/// Text for display: control and invisible formatting characters gone, white space folded to single
/// blanks, at most `chars_max` characters. `None` when nothing is left.
#[must_use]
pub fn clean_display_text(text: &str, chars_max: usize) -> Option<String> {
    let mut clean = String::new();
    let mut chars = 0;
    for word in text.split_whitespace() {
        let mut gap = !clean.is_empty();
        for c in word
            .chars()
            .filter(|&c| !c.is_control() && !is_invisible(c))
        {
            let needed = if gap { 2 } else { 1 };
            if chars + needed > chars_max {
                return Some(clean);
            }
            if gap {
                clean.push(' ');
                gap = false;
            }
            clean.push(c);
            chars += needed;
        }
    }
    (!clean.is_empty()).then_some(clean)
}

/// Direction marks and other characters without a shape, with which one name could dress up as another.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00ad}'
            | '\u{061c}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

/// `%41` to `A`. `None` when it is malformed or not UTF-8.
#[must_use]
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                hex_digit(digits[0])? << 4 | hex_digit(digits[1])?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The other way round: everything but letters, digits and `-._~` of ASCII becomes `%41`.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            other => encoded += &format!("%{other:02X}"),
        }
    }
    encoded
}

fn hex_digit(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_percent_encoded_is_read_back() {
        for text in ["", "plum-jam.7_~", "a b+c%d&e=f#g", "Grüße 🍓", "\n\0"] {
            let encoded = percent_encoded(text);
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~%".contains(&b);
            assert!(encoded.bytes().all(is_plain), "{encoded}");
            assert_eq!(percent_decoded(&encoded).as_deref(), Some(text));
        }
        assert_eq!(percent_encoded("a b"), "a%20b");
        // What others leave as it is.
        assert_eq!(percent_decoded("a+b!%C3%bc").as_deref(), Some("a+b!ü"));
        for malformed in ["%", "%4", "%4g", "%+1", "%ff", "a%"] {
            assert_eq!(percent_decoded(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn display_text_is_cleaned_folded_and_cut() {
        let clean = |text: &str| clean_display_text(text, 5);
        assert_eq!(clean("  Ana\t \n B  ").as_deref(), Some("Ana B"));
        assert_eq!(clean("Ana Bo").as_deref(), Some("Ana B"));
        assert_eq!(clean("Anas B").as_deref(), Some("Anas"));
        assert_eq!(clean("\u{202e}evil\u{7}").as_deref(), Some("evil"));
        assert_eq!(clean("日本語日本語").as_deref(), Some("日本語日本"));
        assert_eq!(clean(" \u{200b} \u{0} "), None);
    }
}
