//! Leaves comments out of the page's parts: they are for those who read the source, and a sixth of what would travel.

/// The text without the lines that begin as comment: `//` in scripts, `/*` to `*/` in scripts and styles. Each becomes
/// an empty line, so that every line keeps its number, or what stands behind the `*/`.
///
/// A comment behind code stays. The page has no text over several lines (a template literal) in which a line begins
/// like a comment.
#[must_use]
pub fn without_comment_lines(source: &str) -> String {
    let mut kept = String::with_capacity(source.len());
    let mut in_comment = false;
    for line in source.lines() {
        let text = line.trim_start();
        let comment = match (in_comment, text.strip_prefix("/*")) {
            (true, _) => Some(text),
            (false, rest) => rest,
        };
        if let Some(comment) = comment {
            let end = comment.split_once("*/");
            in_comment = end.is_none();
            kept.push_str(end.map_or("", |(_, behind)| behind.trim_end()));
        } else if !text.starts_with("//") {
            kept.push_str(line);
        }
        kept.push('\n');
    }
    kept
}
