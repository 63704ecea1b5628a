//! What the commands print when they have something: a download with its sources, a seed's invitation, a chunk. Pure.

use super::words::{count, rate, size, took};
use crate::room::address::RoomAddress;
use crate::text::clean_display_text;
use crate::track::chunks::ChunkSize;
use crate::track::id::TrackId;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Sources that get a line of their own.
const SOURCES_SHOWN_MAX: usize = 8;

/// Tracks that could not be had and are named in the end; each had a line of its own before.
const MISSED_SHOWN_MAX: usize = 8;

/// A download that is whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    pub path: PathBuf,
    /// The whole file.
    pub bytes: u64,
    /// Of these, what was there before.
    pub had_bytes: u64,
    /// From the first chunk asked for to the last.
    pub seconds: f64,
    pub sources: Vec<Source>,
}

/// Where some of a download came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// 16 hexadecimal digits.
    pub node: String,
    /// `10.0.0.2:9003`; `None` for a node that cannot be dialled.
    pub address: Option<String>,
    /// Whether it had the whole track.
    pub seed: bool,
    /// Verified bytes from it.
    pub bytes: u64,
}

/// A track that could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Fit for a terminal.
    pub name: String,
    pub track_id: String,
    pub why: String,
}

/// A track that this machine serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeded {
    pub id: TrackId,
    pub name: String,
    pub bytes: u64,
    pub chunks: u32,
    pub chunk_size: ChunkSize,
}

/// How others get at the tracks of this machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Invitation<'a> {
    /// Under which others reach it.
    pub addresses: &'a [SocketAddr],
    /// On which it listens.
    pub port: u16,
    pub room: Option<&'a RoomAddress>,
    /// Whether they need the key that was given here.
    pub key: bool,
}

impl Fetched {
    /// Bytes a second; 0 when nothing was fetched.
    #[must_use]
    pub fn rate(&self) -> f64 {
        let fetched = self.bytes.saturating_sub(self.had_bytes);
        match fetched {
            0 => 0.0,
            _ => fetched as f64 / self.seconds.max(0.001),
        }
    }

    /// Who gave most comes first; who gave nothing is left out.
    #[must_use]
    pub fn sorted_sources(&self) -> Vec<&Source> {
        let gave = self.sources.iter().filter(|source| source.bytes > 0);
        let mut sources: Vec<&Source> = gave.collect();
        sources.sort_by_key(|source| {
            (
                std::cmp::Reverse(source.bytes),
                &source.address,
                &source.node,
            )
        });
        sources
    }
}

/// The path on a line of its own, how long it took, and who gave how much.
#[must_use]
pub fn fetched(fetched: &Fetched) -> String {
    let path = fetched.path.to_string_lossy();
    let path = path.replace(char::is_control, "?");
    let mut text = format!("{path}\n");
    let all = size(fetched.bytes);
    let came = fetched.bytes.saturating_sub(fetched.had_bytes);
    if came == 0 {
        text += &format!("{all}, all of it there already\n");
        return text;
    }
    let pace = format!("{}, {}", took(fetched.seconds), rate(fetched.rate()));
    text += &match fetched.had_bytes {
        0 => format!("{all} in {pace}\n"),
        _ => format!("{all}, {} of it fetched now in {pace}\n", size(came)),
    };
    text += &sources(&fetched.sorted_sources());
    text
}

/// `song.mp3 is left out: ...`
#[must_use]
pub fn missed(Missed { name, why, .. }: &Missed) -> String {
    format!("{name} is left out: {why}\n")
}

/// What is said in the end of all that are missing; `None` when nothing is.
#[must_use]
pub fn missing(missed: &[Missed], of: usize) -> Option<String> {
    let shown = missed.iter().take(MISSED_SHOWN_MAX);
    let shown: Vec<String> = shown
        .map(|one| format!("{}: {}", one.name, one.why))
        .collect();
    let more = match missed.len().saturating_sub(MISSED_SHOWN_MAX) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let (count, shown) = (missed.len(), shown.join("; "));
    let are = if count == 1 { "is" } else { "are" };
    let again = "run the same command again to try once more";
    let text = format!("{count} of {of} tracks {are} missing ({again}): {shown}{more}");
    (count > 0).then_some(text)
}

/// A line for each that gave much, and one for all others.
fn sources(sorted: &[&Source]) -> String {
    let all: u64 = sorted.iter().map(|source| source.bytes).sum();
    let share = |bytes: u64| {
        let percent = bytes as f64 * 100.0 / all.max(1) as f64;
        format!("{} ({percent:.0} %)", size(bytes))
    };
    // One more line is no longer than a line about one other.
    let shown = match sorted.len() {
        few if few <= SOURCES_SHOWN_MAX + 1 => few,
        _ => SOURCES_SHOWN_MAX,
    };
    let (shown, rest) = sorted.split_at(shown);
    let mut text = String::new();
    for source in shown {
        let seed = if source.seed { "the seed " } else { "" };
        let who = match &source.address {
            Some(address) => address.clone(),
            None => format!("node {}", source.node),
        };
        text += &format!("from {seed}{who}: {}\n", share(source.bytes));
    }
    if !rest.is_empty() {
        let bytes = rest.iter().map(|source| source.bytes).sum();
        text += &format!("from {} others: {}\n", rest.len(), share(bytes));
    }
    text
}

/// What a seed prints when it serves: each track, and what to type on another machine to get it.
#[must_use]
pub fn seeding(tracks: &[Seeded], invitation: &Invitation) -> String {
    let mut text = String::new();
    for track in tracks {
        let (id, name) = (track.id, clean_display_text(&track.name, usize::MAX));
        let chunks = count(track.chunks as usize, "chunk");
        let name = name.unwrap_or_default();
        text += &format!("track  {id}\n");
        text += &format!("name   {name}\n");
        text += &format!(
            "size   {}, {chunks} of {}\n",
            size(track.bytes),
            track.chunk_size
        );
        let mut before = "fetch ";
        for command in invitation.commands(id) {
            text += &format!("{before} {command}\n");
            before = "      ";
        }
        text += "\n";
    }
    if invitation.key {
        text += "KEY is the text that was given here with --key. ";
    }
    if invitation.room.is_some_and(|room| room.keys.room.is_some()) {
        text += "What stands behind --room-key is the key to the room. ";
    }
    text += match invitation.addresses {
        [] if invitation.room.is_none() => "Nobody else reaches this machine: it has no network. ",
        _ => "",
    };
    text += "Ctrl-C stops it.\n";
    text
}

impl Invitation<'_> {
    fn commands(&self, id: TrackId) -> Vec<String> {
        let key = if self.key { " --key KEY" } else { "" };
        let room = self.room.map(|room| {
            let room_key = if room.keys.room.is_some() {
                " --room-key KEY"
            } else {
                ""
            };
            format!("--room {}{room_key}", quoted(room.to_string()))
        });
        let mut from: Vec<String> = room.into_iter().collect();
        for address in self.addresses {
            from.push(format!("--connect {}", quoted(address.to_string())));
        }
        if from.is_empty() {
            from.push(format!("--connect localhost:{}", self.port));
        }
        let commands = from
            .iter()
            .map(|from| format!("jam fetch {id} {from}{key}"));
        commands.collect()
    }
}

/// Brackets are a pattern to some shells.
fn quoted(address: String) -> String {
    match address.contains('[') {
        true => format!("'{address}'"),
        false => address,
    }
}

/// `chunk 17: 4096 bytes 3f9c21ab77d0...`, with the beginning of its checksum.
#[must_use]
pub fn chunk(index: u32, bytes: usize, checksum: &[u8; 32]) -> String {
    let digits: String = checksum[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("chunk {index}: {bytes} bytes {digits}...\n")
}

/// The last line of a peer that has every chunk.
pub const DOWNLOAD_COMPLETE: &str = "download complete\n";
