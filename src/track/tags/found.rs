//! Collects what is found in a file. The first text of a field stays; a front cover replaces another picture.

use crate::limits::{COVER_BYTES_MAX, TAG_CHARS_MAX};
use crate::text::clean_display_text;

/// What a file says about itself; everything may be missing. Texts are fit for display.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tags {
    pub title: Option<String>,
    pub artist: Option<String>,
    pub album: Option<String>,
    /// How long a browser plays it.
    pub duration_sec: Option<f64>,
    pub cover: Option<Cover>,
}

/// A picture of a kind that browsers show, of at most `COVER_BYTES_MAX` bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    pub kind: PictureKind,
    pub bytes: Vec<u8>,
}

/// By a picture's first bytes, never by what a tag says. Nothing that could hold a script is among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    Jpeg,
    Png,
    Gif,
    Webp,
}

impl PictureKind {
    /// The kind of a picture that begins with `start`, of at least twelve bytes.
    #[must_use]
    pub fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ if start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP") => {
                Some(Self::Webp)
            }
            _ => None,
        }
    }

    /// For the `Content-Type` of a response.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Title,
    Artist,
    Album,
}

#[derive(Default)]
pub(super) struct Found {
    tags: Tags,
    cover_is_front: bool,
}

impl Found {
    pub fn tags(self) -> Tags {
        self.tags
    }

    /// Several values in one text, each ended by U+0000, become a list.
    pub fn text(&mut self, field: Field, text: &str) {
        let place = match field {
            Field::Title => &mut self.tags.title,
            Field::Artist => &mut self.tags.artist,
            Field::Album => &mut self.tags.album,
        };
        if place.is_none() {
            let list = text.trim_end_matches('\0').replace('\0', ", ");
            *place = clean_display_text(&list, TAG_CHARS_MAX);
        }
    }

    /// Whether `picture` would keep one of so many bytes, so that others need not be read.
    pub fn wants_picture(&self, is_front: bool, bytes: usize) -> bool {
        let is_better = self.tags.cover.is_none() || (is_front && !self.cover_is_front);
        is_better && bytes <= COVER_BYTES_MAX
    }

    pub fn picture(&mut self, is_front: bool, bytes: &[u8]) {
        if !self.wants_picture(is_front, bytes.len()) {
            return;
        }
        if let Some(kind) = PictureKind::of(bytes) {
            let bytes = bytes.to_vec();
            self.tags.cover = Some(Cover { kind, bytes });
            self.cover_is_front = is_front;
        }
    }
}
