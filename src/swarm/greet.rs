//! Finds out what a connection is about that somebody else began, and has it served.

use super::answerer::Answerer;
use super::doors::Place;
use super::frame::{Frame, Hello, Info, Listed, Refusal, RefusalCode, Role};
use super::handshake::{self, other_layout, refusal};
use super::node::Shared;
use super::scout;
use super::track_swarm::TrackSwarm;
use super::wire::{Wire, WireError};
use crate::limits::{SWARM_CONTENT_PATIENCE, SWARM_TRACKS_LISTED_MAX};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

/// Until it ends. `unread` was read from it already; `_place` is its place among the connections.
pub fn meet(
    shared: &Shared,
    socket: Arc<TcpStream>,
    peer: SocketAddr,
    unread: &[u8],
    _place: Place,
) {
    let Ok(mut wire) = Wire::new(socket, peer, unread) else {
        return;
    };
    let ended = match handshake::read_hello(&mut wire) {
        Ok(hello) => match hello.role {
            Role::Ask => answer(shared, wire, &hello),
            Role::Offer => take_offer(shared, wire, &hello),
            Role::List => list(shared, wire, &hello),
            Role::Check => {
                check(shared, wire, hello);
                Ok(())
            }
        },
        Err(WireError::Frame(error)) => {
            wire.refuse(refusal(RefusalCode::Version, error.to_string()));
            Err(error.into())
        }
        Err(error) => Err(error),
    };
    if let Err(error) = ended {
        log::debug!("peer {peer}: {error}");
    }
}

/// The track that a HELLO is about, if its sender may take part.
fn admit(shared: &Shared, hello: &Hello, from: SocketAddr) -> Result<Arc<TrackSwarm>, Refusal> {
    let Some(track) = shared.find(hello.track, hello.key_id) else {
        return Err(shared.unknown(hello));
    };
    if track.lock().banned.contains(&(hello.node, from.ip())) {
        return Err(refusal(RefusalCode::Banned, "you sent wrong bytes"));
    }
    Ok(track)
}

/// Two nodes whose track is cut into other chunks can do nothing for each other.
fn wrong_layout(track: &TrackSwarm, hello: &Hello) -> Option<Refusal> {
    let here = track.known_layout()?;
    let (size, count) = (hello.chunk_size?, hello.chunk_count?);
    let same = size == here.chunk_size() && count == here.count();
    (!same).then(|| other_layout(here, size, count))
}

fn answer(shared: &Shared, mut wire: Wire, hello: &Hello) -> Result<(), WireError> {
    let track = match admit(shared, hello, wire.peer()) {
        Ok(track) => track,
        Err(refusal) => {
            log::debug!("refused {}: {}", wire.peer(), refusal.text);
            wire.refuse(refusal);
            return Ok(());
        }
    };
    let own = shared.identity;
    let met = handshake::welcome(&mut wire, own, hello, &track.key())?;
    if let Some(refusal) = wrong_layout(&track, hello) {
        wire.refuse(refusal);
        return Ok(());
    }
    let ip = wire.peer().ip();
    if met.info.listen_port != 0 {
        let address = SocketAddr::new(ip, met.info.listen_port);
        track.learn(address, Some(met.node), false);
        track.meet(&met, address);
    }
    // It may be that this node has just begun as well.
    let Some(content) = track.wait_for_content(SWARM_CONTENT_PATIENCE) else {
        let text = "this node does not know the track itself yet";
        wire.refuse(refusal(RefusalCode::Busy, text));
        return Ok(());
    };
    let (info, told) = track.own_info(own.listen_port, met.node);
    wire.write_frame(&Frame::Info(info))?;
    if track.lock().is_crowded(track.now(), met.node, ip) {
        let text = "this node serves enough others; its INFO names some of them";
        wire.refuse(refusal(RefusalCode::Busy, text));
        return Ok(());
    }
    Answerer {
        track,
        content,
        wire,
        met,
        told,
    }
    .run()
}

fn take_offer(shared: &Shared, mut wire: Wire, hello: &Hello) -> Result<(), WireError> {
    let admitted = admit(shared, hello, wire.peer()).and_then(|track| {
        let state = track.lock();
        if state.asking.len() >= state.book.askers_max() {
            return Err(refusal(RefusalCode::Busy, "this node asks enough others"));
        }
        let needless = state.is_complete() || state.asking.contains_key(&hello.node);
        drop(state);
        match needless {
            true => Err(needs_no_offer()),
            false => Ok(track),
        }
    });
    let track = match admitted {
        Ok(track) => track,
        Err(refusal) => {
            wire.refuse(refusal);
            return Ok(());
        }
    };
    let own = shared.identity;
    let met = handshake::welcome(&mut wire, own, hello, &track.key())?;
    if let Some(refusal) = wrong_layout(&track, hello) {
        wire.refuse(refusal);
        return Ok(());
    }
    // Not before it has proved that it may: a stranger must not keep this node from asking the one whose id it told.
    let (node, ip, now) = (met.node, wire.peer().ip(), track.now());
    let mut state = track.lock();
    let Some(turn) = state.begin_asking_of(node, ip, now, Some(wire.socket())) else {
        drop(state);
        wire.refuse(needs_no_offer());
        return Ok(());
    };
    drop(state);
    let address = SocketAddr::new(wire.peer().ip(), met.info.listen_port);
    track.lock().book.identify(address, met.node);
    let agreed = hello.chunk_size.is_some() && track.known_layout().is_some();
    let (info, told) = track.own_info(own.listen_port, met.node);
    if let Err(error) = wire.write_frame(&Frame::Info(info)) {
        track.lock().end_asking_of(met.node, turn);
        return Err(error);
    }
    scout::accept_offer(shared, &track, wire, met, (told, agreed, turn));
    Ok(())
}

fn needs_no_offer() -> Refusal {
    let text = "this node asks you already, or needs nothing";
    refusal(RefusalCode::AlreadyConnected, text)
}

/// Says which tracks there are for those who know the key.
fn list(shared: &Shared, mut wire: Wire, hello: &Hello) -> Result<(), WireError> {
    let tracks: Vec<_> = shared.tracks().values().cloned().collect();
    let mut tracks = tracks;
    tracks.retain(|track| track.key().id() == hello.key_id);
    let Some(key) = tracks.first().map(|track| track.key()) else {
        wire.refuse(shared.unknown(hello));
        return Ok(());
    };
    handshake::welcome(&mut wire, shared.identity, hello, &key)?;
    let contents = tracks.iter().filter_map(|track| track.content());
    let mut listed: Vec<Listed> = contents
        .take(SWARM_TRACKS_LISTED_MAX)
        .map(|content| Listed {
            track: content.manifest.id(),
            layout: content.manifest.layout(),
            name: content.manifest.name().to_owned(),
        })
        .collect();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    wire.write_frame(&Frame::Info(Info {
        listen_port: shared.identity.listen_port,
        complete: false,
        has_manifest: false,
        addresses: Vec::new(),
        bitfield: Vec::new(),
    }))?;
    wire.write_frame(&Frame::Tracks(listed))?;
    wire.drain();
    Ok(())
}

fn check(shared: &Shared, wire: Wire, hello: Hello) {
    match &shared.checker {
        Some(checker) => checker(wire, hello),
        None => {
            let text = "this node moves tracks; to try a network type `jam check --listen-port 9001` there";
            wire.refuse(refusal(RefusalCode::NotOffered, text));
        }
    }
}

impl Shared {
    /// Why a HELLO is about nothing that is here, in words that help.
    fn unknown(&self, hello: &Hello) -> Refusal {
        let tracks = self.tracks();
        if tracks.keys().any(|(id, _)| *id == hello.track)
            || tracks.is_empty() && hello.role == Role::List
        {
            let text = "this swarm needs another key (--key, or --room and its address)";
            return refusal(RefusalCode::WrongKey, text);
        }
        let here = tracks.values().filter_map(|track| track.layout).next();
        if let (Some(here), Some(size), Some(count)) = (here, hello.chunk_size, hello.chunk_count) {
            let refusal = other_layout(here, size, count);
            log::error!("a peer was refused: {}", refusal.text);
            return refusal;
        }
        let others = tracks.keys().all(|(_, key)| *key != hello.key_id);
        if others && !tracks.is_empty() {
            let text = "this swarm needs another key (--key, or --room and its address)";
            return refusal(RefusalCode::WrongKey, text);
        }
        refusal(RefusalCode::UnknownTrack, "this node has no such track")
    }
}
