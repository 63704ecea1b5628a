//! The asking side of a connection, in a thread of its own: asks, reads, verifies, stores, tells.
//!
//! It writes small requests and then always reads, and the answering side reads one request and writes one answer, so
//! that neither can wait for the other for ever. The order is: checksum, write, mark as held, then tell everybody.

use super::bitfield::Bitfield;
use super::frame::{self, AnswerHead, Frame, ManifestPart, NodeId, Request, Want};
use super::handshake::{Met, other_layout, unexpected};
use super::machine::{LinkKey, Step, Swarm, Violation};
use super::track_swarm::{Content, TrackSwarm};
use super::window::Timing;
use super::wire::{Wire, WireError};
use crate::limits::{
    SWARM_ADDRESSES_MAX, SWARM_ASK_AGAIN, SWARM_KEEP_ALIVE, SWARM_MANIFEST_BYTES_MAX,
    SWARM_NEWS_MAX, SWARM_SMALL_BYTES_MAX,
};
use crate::track::manifest::Manifest;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One connection on which this node asks.
pub struct Asker {
    pub track: Arc<TrackSwarm>,
    pub wire: Wire,
    pub met: Met,
    pub link: LinkKey,
    /// How many of our gains our INFO told.
    pub told: usize,
    /// Whether both sides are known to cut the track into the same chunks.
    pub agreed: bool,
    /// The manifest is on its way: it was asked for along with our INFO.
    pub manifest_due: bool,
}

/// Why asking ended, when nobody did anything wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything is here.
    Complete,
    Stopped,
}

impl Asker {
    /// Asks until everything is here, or the connection ends.
    ///
    /// # Errors
    /// Why the connection ended.
    pub fn run(mut self) -> Result<Ended, WireError> {
        self.wire.lift_deadline()?;
        let Some(content) = self.content()? else {
            return Ok(Ended::Stopped);
        };
        if !self.agreed {
            self.compare_layouts(&content)?;
        }
        let count = content.manifest.layout().count();
        let has = if self.met.info.complete {
            Bitfield::full(count)
        } else if self.met.info.bitfield.is_empty() {
            Bitfield::new(count)
        } else {
            Bitfield::from_bytes(count, &self.met.info.bitfield)
                .ok_or_else(|| WireError::Broken("its bitfield is not one of this track".into()))?
        };
        let mut state = self.track.lock();
        let swarm = state.swarm();
        swarm.connect(self.met.node, &has, self.told);
        swarm.begin_asking(self.link, self.met.node);
        drop(state);
        let ended = self.ask(&content);
        let mut state = self.track.lock();
        state.end_asking(self.track.now(), self.link, self.met.node);
        drop(state);
        self.track.notify_changed();
        if let Ok(Ended::Complete | Ended::Stopped) = ended {
            let bye = Frame::Bye(matches!(ended, Ok(Ended::Complete)));
            if self.wire.write_frame(&bye).is_ok() {
                self.wire.drain();
            }
        }
        ended
    }

    fn ask(&mut self, content: &Content) -> Result<Ended, WireError> {
        let layout = content.manifest.layout();
        let frame_max = layout.chunk_size().bytes() + SWARM_SMALL_BYTES_MAX;
        let mut requests = Vec::new();
        let mut last_heard = Instant::now();
        let mut peers_asked_at = Instant::now();
        loop {
            requests.clear();
            let rest = {
                let mut state = self.track.lock();
                if state.failure.is_some() || self.track.is_stopped() {
                    return Ok(Ended::Stopped);
                }
                let swarm = state.swarm();
                loop {
                    match swarm.next(self.track.now(), self.link) {
                        Step::Ask(want) => {
                            let news = swarm.news_for(self.met.node, SWARM_NEWS_MAX);
                            let request = Frame::Request(Request { want, news });
                            frame::encode(&request, &mut requests);
                        }
                        Step::Read => break None,
                        Step::Done => return Ok(Ended::Complete),
                        // Something is on its way first.
                        Step::Rest(_) if !requests.is_empty() => break None,
                        Step::Rest(seconds) => break Some(seconds),
                    }
                }
            };
            if !requests.is_empty() {
                self.wire.write(&requests)?;
            }
            match rest {
                None => {
                    self.read_answer(content, frame_max)?;
                    last_heard = Instant::now();
                }
                Some(_) if peers_asked_at.elapsed() >= SWARM_ASK_AGAIN => {
                    self.wire.write_frame(&Frame::GetPeers)?;
                    self.read_peers()?;
                    (last_heard, peers_asked_at) = (Instant::now(), Instant::now());
                }
                Some(_) if last_heard.elapsed() >= SWARM_KEEP_ALIVE => {
                    self.write_poll()?;
                    self.read_answer(content, frame_max)?;
                    last_heard = Instant::now();
                }
                Some(seconds) => self.track.rest(Duration::from_secs_f64(seconds)),
            }
        }
    }

    /// Asks for news though there can be none, so that a connection that died is noticed.
    fn write_poll(&mut self) -> Result<(), WireError> {
        let now = self.track.now();
        let mut state = self.track.lock();
        let swarm = state.swarm();
        swarm.ask(now, self.link, Want::News);
        let news = swarm.news_for(self.met.node, SWARM_NEWS_MAX);
        drop(state);
        let want = Want::News;
        self.wire
            .write_frame(&Frame::Request(Request { want, news }))
    }

    fn read_peers(&mut self) -> Result<(), WireError> {
        let addresses = match self.wire.read_frame(SWARM_SMALL_BYTES_MAX)? {
            Frame::Peers(addresses) => addresses,
            other => return Err(unexpected(&other)),
        };
        for address in addresses.into_iter().take(SWARM_ADDRESSES_MAX) {
            self.track.learn(address, None, false);
        }
        Ok(())
    }

    fn read_answer(&mut self, content: &Content, frame_max: u32) -> Result<(), WireError> {
        let (node, link) = (self.met.node, self.link);
        let frame = self.wire.read_with_times(frame_max)?;
        match frame.frame {
            Frame::Chunk(head, data) => {
                let index = head.index.expect("bug: a CHUNK has an index");
                let timing = Timing {
                    asked_at: 0.0, // The swarm knows.
                    began_at: self.track.at(frame.began_at),
                    ended_at: self.track.now(),
                };
                let mut state = self.track.lock();
                let swarm = state.swarm();
                hear(swarm, node, &head)?;
                let wanted = swarm.receive(timing, link, index).map_err(broken)?;
                drop(state);
                if !wanted {
                    return Ok(());
                }
                if data.len() != content.manifest.layout().chunk_bytes(index)
                    || !content.manifest.matches(index, data)
                {
                    self.track.ban(node, self.wire.peer().ip());
                    let text = format!("chunk {index} has a wrong checksum");
                    return Err(WireError::Wrong(text));
                }
                if let Err(error) = content.store.write(index, data) {
                    self.track.fail(error);
                    return Ok(());
                }
                let mut state = self.track.lock();
                if state.swarm().hold(link, index) {
                    state.credit(node, self.met.info.complete, data.len());
                }
                let last = state.is_complete();
                drop(state);
                self.track.notify_gained(last);
                Ok(())
            }
            Frame::Empty(head) => {
                let mut state = self.track.lock();
                let swarm = state.swarm();
                hear(swarm, node, &head)?;
                swarm.receive_nothing(link, head.pass_over).map_err(broken)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// What the track is: known already, or to be fetched from this node, which only one connection at a time does.
    /// `None`: stopped meanwhile.
    fn content(&mut self) -> Result<Option<Arc<Content>>, WireError> {
        let mut heard = Instant::now();
        loop {
            let mut state = self.track.lock();
            if state.failure.is_some() || self.track.is_stopped() {
                return Ok(None);
            }
            if self.manifest_due || state.claim_manifest(self.track.now()) {
                drop(state);
                let fetched = self.fetch_manifest();
                let manifest = fetched.inspect_err(|_| self.track.yield_manifest())?;
                let layout = manifest.layout();
                let mut state = self.track.lock();
                let proved = state.proved.get_or_insert(Arc::new(manifest));
                self.agreed = proved.layout() == layout;
                drop(state);
                self.track.wake();
                heard = Instant::now();
                continue;
            }
            if let Some(content) = &state.content {
                return Ok(Some(Arc::clone(content)));
            }
            // Somebody is fetching it, or a part that was there already is being hashed.
            drop(self.track.wait_changed(state, SWARM_KEEP_ALIVE));
            if heard.elapsed() >= SWARM_KEEP_ALIVE {
                self.wire.write_frame(&Frame::GetPeers)?;
                self.read_peers()?;
                heard = Instant::now();
            }
        }
    }

    /// The manifest may have come from a node that cuts the track into other chunks than this one.
    fn compare_layouts(&mut self, content: &Content) -> Result<(), WireError> {
        let own = content.manifest.layout();
        self.wire.write_frame(&Frame::GetManifest(own.count()))?;
        match self.wire.read_frame(SWARM_MANIFEST_BYTES_MAX)? {
            Frame::Manifest(part) if part.layout == own => Ok(()),
            Frame::Manifest(part) => {
                let (size, count) = (own.chunk_size(), own.count());
                Err(WireError::Refused(other_layout(part.layout, size, count)))
            }
            other => Err(unexpected(&other)),
        }
    }

    fn fetch_manifest(&mut self) -> Result<Manifest, WireError> {
        let mut whole: Option<ManifestPart> = None;
        loop {
            let first = whole.as_ref().map_or(0, |part| part.checksums.len());
            let first = u32::try_from(first).expect("bug: bounded by the layout");
            if !std::mem::take(&mut self.manifest_due) {
                self.wire.write_frame(&Frame::GetManifest(first))?;
            }
            let part = match self.wire.read_frame(SWARM_MANIFEST_BYTES_MAX)? {
                Frame::Manifest(part) if part.first == first && !part.checksums.is_empty() => part,
                other => return Err(unexpected(&other)),
            };
            if self
                .track
                .layout
                .is_some_and(|layout| layout != part.layout)
            {
                return Err(WireError::Wrong("its track is cut in another way".into()));
            }
            let whole = match &mut whole {
                None => whole.insert(part),
                Some(whole) if whole.layout == part.layout => {
                    whole.checksums.extend(part.checksums);
                    whole
                }
                Some(_) => return Err(WireError::Wrong("its manifest changes".into())),
            };
            if whole.checksums.len() < whole.layout.count() as usize {
                continue;
            }
            let checksums = std::mem::take(&mut whole.checksums);
            let (name, proof) = (&whole.name, whole.proof.clone());
            return Manifest::prove(self.track.id, name, whole.layout, checksums, proof).map_err(
                |error| {
                    self.track.ban(self.met.node, self.wire.peer().ip());
                    WireError::Wrong(error.to_string())
                },
            );
        }
    }
}

fn hear(swarm: &mut Swarm, node: NodeId, head: &AnswerHead) -> Result<(), WireError> {
    if head.pass_over {
        swarm.note_pass_over(node);
    }
    swarm.hear(node, &head.news).map_err(broken)
}

/// A peer that does not keep to the protocol, in words.
#[must_use]
pub fn broken(violation: Violation) -> WireError {
    WireError::Broken(match violation {
        Violation::NoSuchChunk(index) => format!("it names chunk {index}, which the track has not"),
        Violation::NotAsked(_) => "it answers what was not asked".into(),
    })
}
