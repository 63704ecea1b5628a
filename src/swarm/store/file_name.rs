//! What a fetched track is called on disk. Its name came from somebody else, so it is never taken as a path.

use crate::limits::{FILE_NAME_BYTES_MAX, TRACK_NAME_CHARS_MAX};
use crate::text::clean_display_text;
use crate::track::id::TrackId;

/// Longer endings are part of the name, and may be cut.
const EXTENSION_BYTES_MAX: usize = 16;

/// The name of a file for a track of this name: one part of a path, visible, 1 to 255 bytes of UTF-8. Separators
/// become `_`, what cannot be shown and dots at the start go.
#[must_use]
pub fn final_name(track_name: &str) -> String {
    let shown = clean_display_text(track_name, TRACK_NAME_CHARS_MAX).unwrap_or_default();
    let flat = shown.replace(['/', '\\'], "_");
    let visible = flat.trim_start_matches(|c: char| c == '.' || c.is_whitespace());
    match visible {
        "" => "track".into(),
        _ => fit(visible, ""),
    }
}

/// `name` itself for 1, and `stem (2).extension` and so on for the others, never longer than a name may be.
#[must_use]
pub fn numbered(name: &str, number: u32) -> String {
    match number {
        1 => fit(name, ""),
        _ => fit(name, &format!(" ({number})")),
    }
}

/// What a download is called before it is whole: hidden, and told from other tracks of the same name.
#[must_use]
pub fn part_name(final_name: &str, id: TrackId) -> String {
    let mut end = format!(".{id}");
    end.truncate(1 + 16);
    end += ".part";
    let start = cut(final_name, FILE_NAME_BYTES_MAX - 1 - end.len());
    format!(".{start}{end}")
}

/// Puts `mark` before the extension, and shortens what is before it until everything fits.
fn fit(name: &str, mark: &str) -> String {
    let split = name.rsplit_once('.').filter(|(stem, extension)| {
        let plain = extension.chars().all(char::is_alphanumeric);
        !stem.is_empty() && plain && (1..=EXTENSION_BYTES_MAX).contains(&extension.len())
    });
    let (stem, end) = match split {
        Some((stem, extension)) => (stem, format!("{mark}.{extension}")),
        None => (name, mark.to_owned()),
    };
    let stem = cut(stem, FILE_NAME_BYTES_MAX - end.len());
    format!("{stem}{end}")
}

/// The first `bytes_max` bytes, or a little less, so that no character is cut in two, and no blank is the last: some
/// disks take no such names.
fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    match end == text.len() {
        true => text,
        false => text[..end].trim_end(),
    }
}
