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

#[cfg(test)]
mod tests {
    use super::*;

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
