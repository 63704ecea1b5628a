//! The answering side of a connection, in a thread of its own: reads one request, writes one answer.

use super::asker::broken;
use super::bitfield::Bitfield;
use super::frame::{self, AnswerHead, Frame, ManifestPart, RefusalCode, Request, Want};
use super::handshake::{Met, refusal, unexpected};
use super::store::StoreError;
use super::track_swarm::{Content, TrackSwarm};
use super::wire::{Wire, WireError};
use crate::limits::{
    SWARM_ADDRESSES_MAX, SWARM_MANIFEST_CHECKSUMS, SWARM_NEWS_MAX, SWARM_NEWS_WAIT,
    SWARM_SMALL_BYTES_MAX,
};
use std::sync::Arc;
use std::time::Instant;

/// One connection on which this node answers.
pub struct Answerer {
    pub track: Arc<TrackSwarm>,
    pub content: Arc<Content>,
    pub wire: Wire,
    pub met: Met,
    /// How many of our gains our INFO told.
    pub told: usize,
}

impl Answerer {
    /// Answers until the other side is done.
    ///
    /// # Errors
    /// Why the connection ended before that.
    pub fn run(mut self) -> Result<(), WireError> {
        self.wire.lift_deadline()?;
        let count = self.content.manifest.layout().count();
        let has = if self.met.info.complete {
            Bitfield::full(count)
        } else if self.met.info.bitfield.is_empty() {
            Bitfield::new(count)
        } else {
            Bitfield::from_bytes(count, &self.met.info.bitfield)
                .ok_or_else(|| WireError::Broken("its bitfield is not one of this track".into()))?
        };
        let mut state = self.track.lock();
        state.swarm().connect(self.met.node, &has, self.told);
        state.begin_answering(self.track.now(), self.met.node, self.wire.peer().ip());
        drop(state);
        let ended = self.answer();
        let mut state = self.track.lock();
        state.disconnect(self.track.now(), self.met.node);
        state.end_answering(self.met.node);
        drop(state);
        self.track.notify_changed();
        ended
    }

    fn answer(&mut self) -> Result<(), WireError> {
        let mut out = Vec::new();
        loop {
            out.clear();
            match self.wire.read_frame(SWARM_SMALL_BYTES_MAX) {
                Ok(Frame::Request(request)) => self.serve(&request, &mut out)?,
                Ok(Frame::GetManifest(first)) => {
                    let count = SWARM_MANIFEST_CHECKSUMS;
                    let part = ManifestPart::of(&self.content.manifest, first, count);
                    frame::encode(&Frame::Manifest(part), &mut out);
                }
                Ok(Frame::GetPeers) => {
                    let mut state = self.track.lock();
                    let addresses = state.book.addresses(SWARM_ADDRESSES_MAX / 2, self.met.node);
                    drop(state);
                    frame::encode(&Frame::Peers(addresses), &mut out);
                }
                Ok(Frame::Bye(complete)) => {
                    if complete {
                        self.hear_complete();
                    }
                    return Ok(());
                }
                Ok(other) => return Err(unexpected(&other)),
                Err(WireError::Closed) => return Ok(()),
                Err(error) => return Err(error),
            }
            if self.track.is_stopped() {
                let goodbye = refusal(RefusalCode::Stopping, "this node is stopping");
                self.wire.write_frame(&Frame::Refuse(goodbye))?;
                self.wire.drain();
                return Ok(());
            }
            self.wire.write(&out)?;
        }
    }

    fn hear_complete(&self) {
        let count = self.content.manifest.layout().count();
        let mut state = self.track.lock();
        let all: Vec<u32> = (0..count).collect();
        let _all_exist = state.swarm().hear(self.met.node, &all);
        drop(state);
        self.track.notify_changed();
    }

    /// The whole answer to a request into `out`.
    fn serve(&mut self, request: &Request, out: &mut Vec<u8>) -> Result<(), WireError> {
        let node = self.met.node;
        let mut state = self.track.lock();
        state.swarm().hear(node, &request.news).map_err(broken)?;
        if !request.news.is_empty() {
            self.track.notify_changed();
        }
        if request.want == Want::News {
            let until = Instant::now() + SWARM_NEWS_WAIT;
            let told = state.swarm().told(node);
            // Also when it was told by another way: it waits for this answer before it asks for what it heard of.
            while state.swarm().told(node) == told
                && !state.swarm().has_news_for(node)
                && !self.track.is_stopped()
            {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                state = self.track.wait_gained(state, left);
            }
        }
        let swarm = state.swarm();
        let index = swarm.answer(node, request.want).map_err(broken)?;
        let head = AnswerHead {
            pass_over: swarm.pass_is_over(),
            index,
            news: swarm.news_for(node, SWARM_NEWS_MAX),
        };
        if index.is_some() {
            state.note_sending(self.track.now(), node);
        }
        drop(state);
        let Some(index) = index else {
            frame::encode(&Frame::Empty(head), out);
            return Ok(());
        };
        let bytes = self.content.manifest.layout().chunk_bytes(index);
        frame::encode_chunk_head(&head, bytes, out);
        let start = out.len();
        out.resize(start + bytes, 0);
        if let Err(error) = self.content.store.read(index, &mut out[start..]) {
            let text = error.to_string();
            // Where the file lies is nobody else's business.
            let said = match &error {
                StoreError::Changed { .. } => "the file changed after this node had hashed it",
                _ => "this node cannot read the track any more",
            };
            self.track.fail(error);
            let goodbye = refusal(RefusalCode::UnknownTrack, said);
            self.wire.write_frame(&Frame::Refuse(goodbye))?;
            self.wire.drain();
            return Err(WireError::Broken(text));
        }
        self.track.count_sent(bytes);
        Ok(())
    }
}
