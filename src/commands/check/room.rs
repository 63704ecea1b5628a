//! `jam check --room`: joins a room as a node, has the server dial this machine, dials every other node, and gathers
//! what the others have found out about each other.

use super::answer::Answering;
use super::dial::{Answer, greet, hello};
use super::table::{Node, Reach, Table};
use crate::cli::FETCH_PORT;
use crate::client::link::RoomLink;
use crate::client::member::{Joined, RoomEvent, join};
use crate::client::messages::{Peers, SwarmNode};
use crate::client::outgoing::{Announce, Hello};
use crate::limits::{
    CHECK_DIALS_MAX, CHECK_LISTS_PATIENCE, CHECK_STEP, CHECK_VERDICT_PATIENCE, JOIN_DEADLINE,
    RESOLVE_DEADLINE, THREAD_STACK_BYTES, UPGRADE_DEADLINE,
};
use crate::room::address::RoomAddress;
use crate::room::message::Role;
use crate::swarm::key::SwarmKey;
use crate::sys::dial::dial;
use crate::sys::secret::Secret;
use crate::sys::threads::Threads;
use crate::sys::timed_socket::TimedSocket;
use crossbeam_channel::{Receiver, unbounded};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How the server's own node is called in SWARM.
const SERVER: &str = "server";

/// # Errors
/// Why the room could not be joined, or what is not well.
pub fn check(address: &RoomAddress, secret: &Arc<Secret>, as_json: bool) -> Result<(), String> {
    let failed = |error: io::Error| format!("checking {address}: {error}");
    let answering = open_port(secret).map_err(failed)?;
    let threads = Threads::default();
    let mut jitter = [0; 8];
    secret.fill("jitter", 0, &mut jitter);
    let greeting = Hello {
        role: Role::Viewer,
        display_name: Some("jam check".into()),
        node: true,
        wants: vec!["SWARM", "SWARM_KEY"],
        token: None,
    };
    let seed = u64::from_le_bytes(jitter);
    let (link, events) = join(address.clone(), &greeting, seed, &threads).map_err(failed)?;
    let gathered = gather(address, &link, &events, &answering, secret);
    let table = gathered.map(|gathered| {
        let mut table = gathered.table(answering.local().port());
        dial_all(&gathered, secret, &mut table);
        table
    });
    link.leave();
    answering.stop();
    let _left = threads.join_all(Duration::from_secs(1));
    let table = table?;
    super::print(&match as_json {
        true => format!("{}\n", table.json(&address.to_string())),
        false => format!(
            "{address}: who reaches whom\n\n{}\n{}.\n",
            table.drawn(),
            table.meaning()
        ),
    });
    match table.is_well() {
        true => Ok(()),
        false => Err(format!("checking {address}: not all is well (see above)")),
    }
}

/// The port that a node would have, so that it is this one that firewalls are asked about.
fn open_port(secret: &Arc<Secret>) -> io::Result<Answering> {
    // Who dials is seen on the other side.
    let open = |port| Answering::start(port, secret, |_, _| {});
    open(FETCH_PORT).or_else(|_taken| open(0))
}

/// What the room has told.
struct Gathered {
    joined: Joined,
    peers: Peers,
    swarm: Vec<SwarmNode>,
}

fn gather(
    address: &RoomAddress,
    link: &RoomLink,
    events: &Receiver<RoomEvent>,
    answering: &Answering,
    secret: &Secret,
) -> Result<Gathered, String> {
    let joined = match events.recv_timeout(RESOLVE_DEADLINE + UPGRADE_DEADLINE + 2 * JOIN_DEADLINE)
    {
        Ok(RoomEvent::Joined(joined)) => joined,
        Ok(RoomEvent::Failed(error)) => return Err(format!("joining {address}: {error}")),
        _ => return Err(format!("joining {address}: nothing is heard of it")),
    };
    if let Some(swarm) = &joined.swarm {
        answering.add_key(SwarmKey(swarm.key));
    }
    let mut node_id = [0; 8];
    secret.fill("node id", 0, &mut node_id);
    let announce = Announce {
        port: answering.local().port(),
        node_id,
        ..Announce::default()
    };
    let lost = || format!("checking {address}: the connection to the room was lost");
    link.announce(&announce).map_err(|_not_sent| lost())?;

    let mut peers = None;
    let mut swarm = Vec::new();
    let announced = Instant::now();
    loop {
        let verdict = peers.as_ref().and_then(|peers: &Peers| peers.you?.dialable);
        // A server without a swarm dials nobody. Lists come at their own pace, verdict or not.
        let patience = match verdict.is_none() && joined.swarm.is_some() {
            true => CHECK_VERDICT_PATIENCE,
            false => CHECK_LISTS_PATIENCE,
        };
        let left = patience.saturating_sub(announced.elapsed());
        match events.recv_timeout(left) {
            Ok(RoomEvent::Peers(list)) => peers = Some(list),
            Ok(RoomEvent::Swarm(nodes)) => swarm = nodes,
            Ok(RoomEvent::Error(message)) => {
                return Err(format!("checking {address}: the server says: {message}"));
            }
            Ok(RoomEvent::Lost { why, .. }) => return Err(format!("checking {address}: {why}")),
            Ok(_) => {}
            Err(_) if left.is_zero() || peers.is_some() => break,
            Err(_) => return Err(lost()),
        }
    }
    let peers = peers.ok_or_else(|| {
        format!("checking {address}: the server does not answer an announcement with a list")
    })?;
    Ok(Gathered {
        joined,
        peers,
        swarm,
    })
}

impl Gathered {
    /// What is known without dialling anybody.
    fn table(&self, port: u16) -> Table {
        let me = self.joined.peer_id.clone();
        let mut table = Table {
            dialable: self.peers.you.and_then(|you| you.dialable),
            me: me.clone(),
            port,
            ..Table::default()
        };
        let node = |id: &str, name: &str, listens| Node {
            id: id.into(),
            name: name.into(),
            listens,
        };
        let has_server = self.joined.swarm.is_some() || self.swarm.iter().any(|node| node.server);
        if has_server {
            table.nodes.push(node(SERVER, "server", true));
        }
        for peer in self.peers.peers.iter().filter(|peer| peer.peer_id != me) {
            table
                .nodes
                .push(node(&peer.peer_id, &peer.name, peer.port != 0));
        }
        table.nodes.push(node(&me, "this machine", true));
        // What the server found when it dialled.
        let peers = self.peers.peers.iter();
        let peers = peers.map(|peer| (&peer.peer_id, peer.dialable));
        let nodes = self.swarm.iter().filter(|node| !node.server);
        let nodes = nodes.map(|node| (&node.peer_id, node.dialable));
        let myself = std::iter::once((&me, table.dialable));
        for (id, dialable) in nodes.chain(peers).chain(myself) {
            let reach = match dialable.filter(|_| has_server) {
                Some(true) => Reach::Yes(None),
                Some(false) => Reach::No("no"),
                None => continue,
            };
            table.reach.insert((SERVER.into(), id.clone()), reach);
        }
        for node in &self.swarm {
            let id = |id: &str| match node.server {
                true if id == node.peer_id => SERVER.to_owned(),
                _ => id.to_owned(),
            };
            for (source, _) in node.from.iter().filter(|(_, chunks)| *chunks > 0) {
                let pair = (id(&node.peer_id), source.clone());
                // Who dialled whom for these is not told; that the two talk is.
                table.reach.entry(pair).or_insert(Reach::Yes(None));
            }
            for other in &node.unreachable {
                let pair = (id(&node.peer_id), other.clone());
                table.reach.insert(pair, Reach::No("no"));
            }
        }
        table
    }

    /// Whom to dial, and how they are called.
    fn targets(&self) -> Vec<(String, SocketAddr)> {
        let peers = self.peers.peers.iter().filter(|peer| peer.port != 0);
        let peers = peers.map(|peer| (peer.peer_id.clone(), SocketAddr::new(peer.ip, peer.port)));
        let server = self.joined.swarm.as_ref();
        let server = server.map(|_| (SERVER.to_owned(), self.joined.server_addr));
        server.into_iter().chain(peers).collect()
    }
}

/// Dials everybody, some at a time.
fn dial_all(gathered: &Gathered, secret: &Arc<Secret>, table: &mut Table) {
    let key = gathered.joined.swarm.as_ref();
    let key = key.map_or(SwarmKey::OPEN, |swarm| SwarmKey(swarm.key));
    let threads = Threads::default();
    let (jobs, due) = unbounded();
    let (done, results) = unbounded();
    // As many as there are nodes in a list; the channels hold no more.
    let targets = gathered.targets();
    let dialled = targets.len();
    for (number, target) in targets.into_iter().enumerate() {
        let _received = jobs.send((number as u64, target));
    }
    drop(jobs);
    for _ in 0..CHECK_DIALS_MAX.min(dialled) {
        let (due, done, secret) = (due.clone(), done.clone(), Arc::clone(secret));
        // With fewer threads it takes longer.
        let _fewer = threads.spawn("check dial", THREAD_STACK_BYTES, move || {
            for (number, (id, address)) in due {
                let reach = probe(address, &key, &secret, number);
                let _received = done.send((id, reach));
            }
        });
    }
    drop(done);
    for (id, reach) in results {
        table.reach.insert((table.me.clone(), id), reach);
    }
    let _none_left = threads.join_all(Duration::from_secs(1));
}

/// Whether jam answers there, whatever it thinks of checks.
fn probe(address: SocketAddr, key: &SwarmKey, secret: &Secret, number: u64) -> Reach {
    let dialled = match dial(address) {
        Ok(dialled) => dialled,
        Err(error) => return Reach::No(error.in_short()),
    };
    let end = Instant::now() + CHECK_STEP;
    let socket = TimedSocket::new(Arc::new(dialled.socket), CHECK_STEP, end);
    let mut wire = super::wire::Wire::new(socket);
    let asked = Instant::now();
    match greet(&mut wire, &hello(secret, key, 1 + number)) {
        Ok(Answer::Welcome(_) | Answer::Refusal(_)) => {
            Reach::Yes(Some(dialled.took.min(asked.elapsed())))
        }
        Err(trouble) => Reach::No(match trouble.kind() {
            "silent" => "silent",
            "not_jam" => "not jam",
            "hung_up" => "hung up",
            _ => "cut off",
        }),
    }
}
