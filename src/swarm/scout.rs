//! Finds company for a track: one thread that dials who is due, each in a thread of its own, and offers to answer
//! nodes that cannot dial this one.

use super::answerer::Answerer;
use super::asker::{Asker, Ended};
use super::frame::{NodeId, RefusalCode, Role};
use super::handshake::{self, Met, Opening, Purpose, refusal};
use super::machine::{LinkKey, Swarm};
use super::node::Shared;
use super::track_state::{AskingTurn, State};
use super::track_swarm::TrackSwarm;
use super::wire::{Wire, WireError};
use crate::limits::{
    SWARM_DIAL_DEADLINE, SWARM_EXTRA_AFTER_SEC, SWARM_IGNORED_ASKERS, SWARM_LINKS_ALONE,
    SWARM_OFFER_AFTER_SEC, SWARM_OFFER_SOON_SEC, SWARM_SCOUT_TICK, SWARM_STACK_BYTES,
};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

/// What to dial.
#[derive(Clone, Copy, Debug)]
enum Errand {
    Ask,
    /// One more connection to the only node there is.
    AskMore(NodeId, AskingTurn),
    Offer(NodeId),
}

/// Looks for nodes until the track is stopped.
pub fn run(shared: &Arc<Shared>, track: &Arc<TrackSwarm>) {
    while !track.is_stopped() {
        let errands = plan(track);
        for (address, errand) in errands {
            let (own_shared, own_track) = (Arc::clone(shared), Arc::clone(track));
            let dial = move || go(&own_shared, &own_track, address, errand);
            if let Err(error) = shared.threads.spawn("dial", SWARM_STACK_BYTES, dial) {
                let why = format!("no thread to dial with: {error}");
                give_up(track, address, errand, why);
            }
        }
        shared.threads.reap();
        track.wait_to_dial(SWARM_SCOUT_TICK);
    }
}

fn plan(track: &TrackSwarm) -> Vec<(SocketAddr, Errand)> {
    let now = track.now();
    let mut guard = track.lock();
    let state = &mut *guard;
    if state.failure.is_some() {
        return Vec::new();
    }
    let mut errands = Vec::new();
    if !state.swarm.as_ref().is_some_and(Swarm::is_complete) {
        let asking = &state.asking;
        // One that offers itself may be somebody else.
        let is_asked = |node| asking.get(&node).is_some_and(|asking| !asking.is_offered());
        let due = state.book.dial(now, is_asked);
        errands.extend(due.into_iter().map(|address| (address, Errand::Ask)));
        errands.extend(one_more(state, now));
    } else {
        // It asks for nothing, and can offer itself only to nodes that it has met.
        let unmet = state.book.dial_unmet(now);
        errands.extend(unmet.into_iter().map(|address| (address, Errand::Ask)));
    }
    errands.extend(offers(state, now));
    errands
}

/// With one node alone, that has everything, several connections keep both machines busy: one verifies while another
/// is read.
fn one_more(state: &mut State, now: f64) -> Option<(SocketAddr, Errand)> {
    let (&node, asking) = state.asking.iter().next()?;
    if asking.links >= SWARM_LINKS_ALONE || now < asking.since + SWARM_EXTRA_AFTER_SEC {
        return None;
    }
    let swarm = state.swarm.as_ref()?;
    let alone = state.asking.len() == 1 && swarm.peer_count() == 1;
    if !alone || swarm.peer_is_complete(node) != Some(true) {
        return None;
    }
    let address = state.book.address_of(node)?;
    let turn = state.ask_more_of(node)?;
    Some((address, Errand::AskMore(node, turn)))
}

/// Nodes that lack something, and have had the time to dial this one: perhaps they cannot.
fn offers(state: &mut State, now: f64) -> Vec<(SocketAddr, Errand)> {
    let Some(swarm) = state
        .swarm
        .as_ref()
        .filter(|swarm| swarm.held().count_ones() > 0)
    else {
        return Vec::new();
    };
    let mut offers = Vec::new();
    let enough = state
        .book
        .askers_max()
        .saturating_sub(state.answering.len());
    // A seed that hardly anybody chose as a partner does not wait: all others wait for it.
    let ignored = !swarm.pass_is_over() && state.answering.len() < SWARM_IGNORED_ASKERS;
    let early = if ignored {
        SWARM_OFFER_AFTER_SEC - SWARM_OFFER_SOON_SEC
    } else {
        0.0
    };
    let due: Vec<NodeId> = state.offering.due(now + early).collect();
    for node in due {
        if offers.len() >= enough {
            break;
        }
        if state.answering.contains_key(&node) || swarm.peer_is_complete(node) == Some(true) {
            continue;
        }
        let address = state.book.address_of(node);
        let banned = |address: &SocketAddr| state.banned.contains(&(node, address.ip()));
        if let Some(address) = address.filter(|address| !banned(address)) {
            state.offering.offered(now, node);
            offers.push((address, Errand::Offer(node)));
        }
    }
    offers
}

fn give_up(track: &TrackSwarm, address: SocketAddr, errand: Errand, why: String) {
    let now = track.now();
    let mut state = track.lock();
    match errand {
        Errand::Ask => state.book.failed(now, address, why),
        Errand::AskMore(node, turn) => state.end_asking_of(node, turn),
        Errand::Offer(node) => state.offering.ended(node, true),
    }
}

fn go(shared: &Shared, track: &Arc<TrackSwarm>, address: SocketAddr, errand: Errand) {
    let socket = match TcpStream::connect_timeout(&address, SWARM_DIAL_DEADLINE) {
        Ok(socket) => Arc::new(socket),
        Err(error) => return give_up(track, address, errand, error.to_string()),
    };
    let place = match shared.doors.admit(&socket, None) {
        Ok(place) => place,
        Err(_) => {
            let why = "this node has too many connections".to_owned();
            return give_up(track, address, errand, why);
        }
    };
    match errand {
        Errand::Ask | Errand::AskMore(..) => ask(shared, track, socket, address, errand),
        Errand::Offer(node) => offer(shared, track, socket, (address, node)),
    }
    drop(place);
}

fn purpose(track: &TrackSwarm, role: Role) -> Purpose {
    Purpose {
        role,
        track: track.id,
        key: track.key(),
        layout: track.known_layout(),
    }
}

fn ask(
    shared: &Shared,
    track: &Arc<TrackSwarm>,
    socket: Arc<TcpStream>,
    address: SocketAddr,
    errand: Errand,
) {
    let own = shared.identity;
    let (mut reserved, more) = match errand {
        Errand::AskMore(node, turn) => (Some((node, turn)), true),
        _ => (None, false),
    };
    let mut told = 0;
    let (mut agreed, mut wants_manifest) = (false, false);
    let mut seen = None;
    let met = Wire::new(socket, address, &[])
        .map_err(WireError::from)
        .and_then(|mut wire| {
            let purpose = purpose(track, Role::Ask);
            agreed = purpose.layout.is_some();
            let met = handshake::dial(&mut wire, own, &purpose, |node| {
                seen = Some(node);
                let ip = address.ip();
                if !more {
                    let turn = track.lock().begin_asking_of(node, ip, track.now(), None);
                    let Some(turn) = turn else {
                        let text = "asked by another way already";
                        return Err(refusal(RefusalCode::AlreadyConnected, text));
                    };
                    reserved = Some((node, turn));
                }
                wants_manifest = track.lock().claim_manifest(track.now());
                let (info, gains) = track.own_info(own.listen_port, node);
                told = gains;
                Ok(Opening {
                    info,
                    wants_manifest,
                })
            })?;
            Ok((wire, met))
        });
    let is_met = met.is_ok();
    let ended = match met {
        Ok((wire, met)) => {
            if !more {
                track.lock().book.reached(address, met.node);
            }
            track.meet(&met, address);
            let link = shared.next_link();
            Asker {
                track: Arc::clone(track),
                wire,
                met,
                link,
                told,
                agreed,
                manifest_due: wants_manifest,
            }
            .run()
        }
        Err(error) => {
            if wants_manifest {
                track.yield_manifest();
            }
            Err(error)
        }
    };
    let now = track.now();
    let mut state = track.lock();
    if let Some((node, turn)) = reserved {
        state.end_asking_of(node, turn);
    }
    if !more {
        if let Some((node, _)) = reserved {
            state.book.lost(now, node);
        }
        note_end(&mut state, now, (address, seen), is_met, ended);
    }
    drop(state);
    track.look_again();
}

/// Whether a connection ended because the other side sent what no node sends. Before it was `met` it may be something
/// else that has the port, and a node may come in its place.
fn is_offence(error: &WireError, met: bool) -> bool {
    match error {
        WireError::Wrong(_) => true,
        WireError::Broken(_) | WireError::Frame(_) => met,
        _ => false,
    }
}

fn note_end(
    state: &mut State,
    now: f64,
    (address, node): (SocketAddr, Option<NodeId>),
    met: bool,
    ended: Result<Ended, WireError>,
) {
    match ended {
        Ok(Ended::Complete | Ended::Stopped) => state.book.postpone(now, address, None),
        // Due at once when the other connection is lost.
        Err(WireError::Refused(refusal)) if refusal.code == RefusalCode::AlreadyConnected => {
            state.book.postpone(now, address, node);
        }
        Err(WireError::Refused(refusal)) if refusal.code == RefusalCode::Busy => {
            log::debug!("peer {address}: {}", refusal.text);
            state.book.crowded(now, address);
        }
        Err(WireError::Itself) => state.book.never(address, "this node itself"),
        Err(WireError::Refused(refusal)) if refusal.code == RefusalCode::WrongLayout => {
            let text = format!("{address}: {}", refusal.text);
            state.disagreement.get_or_insert(text);
            state.book.failed(now, address, refusal.text);
        }
        Err(error) if is_offence(&error, met) => {
            log::warn!("peer {address} cut off: {error}; asking others");
            state.book.never(address, &error.to_string());
        }
        Err(error) => {
            log::debug!("peer {address}: {error}");
            state.book.failed(now, address, error.to_string());
        }
    }
}

fn offer(
    shared: &Shared,
    track: &Arc<TrackSwarm>,
    socket: Arc<TcpStream>,
    (address, node): (SocketAddr, NodeId),
) {
    let own = shared.identity;
    let Some(content) = track.content() else {
        return;
    };
    let mut told = 0;
    let mut is_met = false;
    let answered = Wire::new(socket, address, &[])
        .map_err(WireError::from)
        .and_then(|mut wire| {
            let met = handshake::dial(&mut wire, own, &purpose(track, Role::Offer), |node| {
                let (info, gains) = track.own_info(own.listen_port, node);
                told = gains;
                Ok(info.into())
            })?;
            is_met = true;
            track.meet(&met, address);
            Answerer {
                track: Arc::clone(track),
                content,
                wire,
                met,
                told,
            }
            .run()
        });
    // Who does not know the track yet, or is busy, may need it soon.
    let in_vain = match &answered {
        Err(WireError::Refused(refusal)) => refusal.code == RefusalCode::AlreadyConnected,
        Err(_) => !is_met,
        Ok(()) => false,
    };
    track.lock().offering.ended(node, in_vain);
    if let Err(error) = answered {
        log::debug!("offer to {address}: {error}");
    }
}

/// A connection on which the other side offered to answer.
/// `agreed`: it is known that both cut the track into the same chunks.
pub fn accept_offer(
    shared: &Shared,
    track: &Arc<TrackSwarm>,
    wire: Wire,
    met: Met,
    (told, agreed, turn): (usize, bool, AskingTurn),
) {
    let (node, address) = (met.node, wire.peer());
    let link: LinkKey = shared.next_link();
    let ended = Asker {
        track: Arc::clone(track),
        wire,
        met,
        link,
        told,
        agreed,
        manifest_due: false,
    }
    .run();
    match &ended {
        Err(error) if is_offence(error, true) => {
            log::warn!("peer {address} cut off: {error}; asking others");
        }
        Err(error) => log::debug!("peer {address}: {error}"),
        Ok(_) => {}
    }
    let now = track.now();
    let mut state = track.lock();
    state.end_asking_of(node, turn);
    state.book.lost(now, node);
    drop(state);
    track.look_again();
}
