//! Reads what nodes say: ANNOUNCE, HAVE_DELTA, LINKS, and ADD with or without an offer.

use super::fields::Fields;
use super::message::{ClientMessage, RoomMessage};
use super::node_message::{Announce, Links, Offer};
use crate::identity::NodeId;
use crate::limits::{
    CHUNK_BYTES_MAX, CHUNKS_MAX, LINKS_MAX, NODE_TRACKS_MAX, OFFER_BYTES_MAX, TRACK_NAME_CHARS_MAX,
};
use crate::text::clean_display_text;
use crate::track::id::TrackId;
use crate::track::sniff::AudioKind;
use serde_json::Value;

const A_NODE_ID: &str = "the 16 hexadecimal digits of a node";

impl Fields<'_> {
    pub(super) fn announce(&self, room: &str) -> Result<RoomMessage, String> {
        self.check_room(room)?;
        let Some(port) = self.whole("port", u16::MAX.into())? else {
            return self.refuse("port", "a whole number from 0 to 65535");
        };
        let mut track_ids =
            self.list("track_ids", NODE_TRACKS_MAX, "track ids", |id: String| {
                TrackId::parse(&id)
            })?;
        drop_repeated(&mut track_ids);
        Ok(RoomMessage::Announce(Announce {
            port: u16::try_from(port).expect("bug: checked against u16::MAX"),
            total_chunks: self.whole("total_chunks", CHUNKS_MAX)?,
            chunk_size: self.whole("chunk_size", CHUNK_BYTES_MAX)?,
            have_count: self.whole("have_count", CHUNKS_MAX)?,
            node_id: self.optional_node("node_id")?,
            track_id: self.optional_track("track_id")?,
            track_ids,
        }))
    }

    pub(super) fn have_delta(&self, room: &str) -> Result<RoomMessage, String> {
        self.check_room(room)?;
        let indices = self.raw.get("indices").map(|raw| raw.get());
        match indices.and_then(|raw| serde_json::from_str::<Vec<u32>>(raw).ok()) {
            Some(indices) if indices.iter().all(|&index| index < CHUNKS_MAX) => {
                Ok(RoomMessage::HaveDelta(indices))
            }
            _ => self.refuse("indices", "a list of chunk numbers"),
        }
    }

    pub(super) fn links(&self, room: &str) -> Result<RoomMessage, String> {
        self.check_room(room)?;
        let track_id = self.track("track_id")?;
        let mut received = self.list(
            "received",
            LINKS_MAX,
            "pairs of a node id and a number of chunks",
            |(id, chunks): (String, u32)| Some((NodeId::parse(&id)?, chunks)),
        )?;
        // Of a node that is named twice the larger number counts.
        received.sort_unstable_by(|a, b| b.cmp(a));
        received.dedup_by_key(|&mut (id, _)| id);
        let mut unreachable = self.list("unreachable", LINKS_MAX, "node ids", |id: String| {
            NodeId::parse(&id)
        })?;
        unreachable.sort_unstable();
        unreachable.dedup();
        Ok(RoomMessage::Links(Links {
            track_id,
            received,
            unreachable,
        }))
    }

    pub(super) fn add(&self) -> Result<ClientMessage, String> {
        Ok(ClientMessage::Add {
            track_id: self.track("track_id")?,
            before: self.optional_track("before")?,
            offer: self
                .object("offer")?
                .map(|offer| offer.offer())
                .transpose()?,
        })
    }

    /// The fields of an offer itself.
    fn offer(&self) -> Result<Offer, String> {
        let name = self.string("name")?.unwrap_or_default();
        let Some(name) = clean_display_text(&name, TRACK_NAME_CHARS_MAX) else {
            return self.refuse("name", "a text that can be shown");
        };
        let bytes = match self.scalar("bytes") {
            Some(Value::Number(bytes)) => bytes.as_u64(),
            _ => None,
        };
        let Some(bytes) = bytes.filter(|bytes| (1..=OFFER_BYTES_MAX).contains(bytes)) else {
            return self.refuse("bytes", "a whole number from 1 to 17592186044416");
        };
        let content_type = self.string("content_type")?.unwrap_or_default();
        match AudioKind::of_content_type(&content_type) {
            Some(kind) => Ok(Offer {
                name,
                bytes,
                content_type: kind.content_type(),
            }),
            None => {
                let known: Vec<&str> = AudioKind::ALL.iter().map(|k| k.content_type()).collect();
                self.refuse("content_type", &format!("one of {}", known.join(", ")))
            }
        }
    }

    fn optional_node(&self, field: &str) -> Result<Option<NodeId>, String> {
        match self.scalar(field) {
            _ if self.is_absent(field) => Ok(None),
            Some(Value::String(text)) => match NodeId::parse(&text) {
                Some(id) => Ok(Some(id)),
                None => self.refuse(field, A_NODE_ID),
            },
            _ => self.refuse(field, A_NODE_ID),
        }
    }
}

const _: () = assert!(OFFER_BYTES_MAX == 17_592_186_044_416);

/// Keeps the first of each; the order is the sender's.
fn drop_repeated(ids: &mut Vec<TrackId>) {
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(*id));
}
