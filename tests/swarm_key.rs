//! Who may take part in a swarm: proofs of its key differ in everything that they are about, and none can be used a
//! second time by somebody who does not know the key.

use crate::common::frames;

use frames::{acceptor_nonce, dialler_nonce, encoded, example_manifest};
use jam::swarm::frame::{self, Frame, Hello, Info, NodeId, Role, Welcome};
use jam::swarm::handshake::{self, Identity, Purpose};
use jam::swarm::key::{Nonce, Proof, Side, SwarmKey};
use jam::swarm::wire::{Wire, WireError};
use jam::track::id::TrackId;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

fn proof(key: &SwarmKey, side: Side, dialler: Nonce, acceptor: Nonce, track: TrackId) -> Proof {
    key.proof(side, dialler, acceptor, track)
}

#[test]
fn a_proof_is_another_for_another_side_nonce_track_and_key() {
    let (key, other_key) = (SwarmKey::of_text("tulip"), SwarmKey::of_text("Tulip"));
    let (a, b) = (dialler_nonce(), acceptor_nonce());
    let (track, other) = (example_manifest().id(), TrackId::from_bytes([7; 32]));
    let proofs = [
        proof(&key, Side::Dialler, a, b, track),
        proof(&key, Side::Acceptor, a, b, track),
        proof(&key, Side::Dialler, b, a, track),
        proof(&key, Side::Dialler, a, a, track),
        proof(&key, Side::Dialler, b, b, track),
        proof(&key, Side::Dialler, a, b, other),
        proof(&other_key, Side::Dialler, a, b, track),
        proof(&SwarmKey::OPEN, Side::Dialler, a, b, track),
    ];
    for (at, one) in proofs.iter().enumerate() {
        for (other_at, other) in proofs.iter().enumerate() {
            assert_eq!(one.is(other), at == other_at, "{at} and {other_at}");
        }
    }
}

#[test]
fn a_proof_is_the_keyed_hash_that_the_protocol_page_describes() {
    let track = example_manifest().id();
    let key = blake3::derive_key("jam swarm key 1", "tulip".as_bytes());
    let said = [
        &b"jam swarm proof"[..],
        &[1],
        &dialler_nonce().0,
        &acceptor_nonce().0,
        track.as_bytes(),
    ]
    .concat();
    let expected = Proof(*blake3::keyed_hash(&key, &said).as_bytes());
    let made = SwarmKey::of_text("tulip");
    assert!(
        made.proof(Side::Acceptor, dialler_nonce(), acceptor_nonce(), track)
            .is(&expected)
    );
    let id = blake3::keyed_hash(&key, b"jam swarm key id");
    assert_eq!(made.id().0, id.as_bytes()[..8]);
    assert_ne!(made.id(), SwarmKey::OPEN.id());
    assert_eq!(SwarmKey::OPEN.0, [0; 32]);
}

#[test]
fn a_key_is_not_printed() {
    let printed = format!("{:?}", SwarmKey::of_text("tulip"));
    assert_eq!(printed, "SwarmKey(..)");
}

// ---- the handshake -------------------------------------------------------------------------------

fn identity(byte: u8) -> Identity {
    let node = NodeId([byte; 8]);
    Identity {
        node,
        listen_port: 0,
    }
}

fn info() -> Info {
    Info {
        listen_port: 0,
        complete: false,
        has_manifest: false,
        addresses: Vec::new(),
        bitfield: Vec::new(),
    }
}

fn hello(key: &SwarmKey, nonce: Nonce) -> Hello {
    Hello {
        role: Role::Ask,
        track: example_manifest().id(),
        key_id: key.id(),
        nonce,
        node: NodeId([1; 8]),
        chunk_size: None,
        chunk_count: None,
    }
}

/// Both ends of a connection, the dialling one first.
fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let dialled = TcpStream::connect(listener.local_addr().expect("its address"));
    (
        dialled.expect("connected"),
        listener.accept().expect("accepted").0,
    )
}

fn wire(socket: TcpStream) -> Wire {
    let peer = socket.peer_addr().expect("its address");
    Wire::new(Arc::new(socket), peer, &[]).expect("options")
}

/// The dialling side of jam.
fn dial(socket: TcpStream, key: SwarmKey) -> JoinHandle<Result<NodeId, WireError>> {
    thread::spawn(move || {
        let purpose = Purpose {
            role: Role::Ask,
            track: example_manifest().id(),
            key,
            layout: None,
        };
        let met = handshake::dial(&mut wire(socket), identity(1), &purpose, |_| {
            Ok(info().into())
        })?;
        Ok(met.node)
    })
}

/// The accepting side of jam, which says INFO when it is content.
fn accept(socket: TcpStream, key: SwarmKey) -> JoinHandle<Result<NodeId, WireError>> {
    thread::spawn(move || {
        let mut wire = wire(socket);
        let hello = handshake::read_hello(&mut wire)?;
        let met = handshake::welcome(&mut wire, identity(2), &hello, &key)?;
        wire.write_frame(&Frame::Info(info()))?;
        Ok(met.node)
    })
}

fn read_frame(socket: &mut TcpStream) -> Vec<u8> {
    let mut head = [0; 4];
    socket.read_exact(&mut head).expect("a frame");
    let mut body = vec![0; u32::from_be_bytes(head) as usize];
    socket.read_exact(&mut body).expect("a whole frame");
    body
}

fn welcome_of(body: &[u8]) -> Welcome {
    match frame::decode(body) {
        Ok(Frame::Welcome(welcome)) => welcome,
        other => panic!("no WELCOME but {other:?}"),
    }
}

#[test]
fn two_that_know_the_key_meet() {
    for key in [SwarmKey::OPEN, SwarmKey::of_text("tulip")] {
        let (dialled, accepted) = connected();
        let (dialler, acceptor) = (dial(dialled, key), accept(accepted, key));
        assert_eq!(
            dialler.join().expect("no panic").expect("met"),
            NodeId([2; 8])
        );
        assert_eq!(
            acceptor.join().expect("no panic").expect("met"),
            NodeId([1; 8])
        );
    }
}

#[test]
fn an_acceptor_that_does_not_know_the_key_learns_nothing() {
    let (dialled, mut stranger) = connected();
    let dialler = dial(dialled, SwarmKey::of_text("tulip"));
    let said = read_frame(&mut stranger);
    let Ok(Frame::Hello(hello)) = frame::decode(&said) else {
        panic!("no HELLO but {said:02x?}");
    };
    let wrong = SwarmKey::of_text("rose");
    let nonce = acceptor_nonce();
    let proof = wrong.proof(Side::Acceptor, hello.nonce, nonce, hello.track);
    let welcome = Welcome {
        nonce,
        node: NodeId([2; 8]),
        proof,
    };
    stranger
        .write_all(&encoded(&Frame::Welcome(welcome)))
        .expect("sent");
    let ended = dialler.join().expect("no panic");
    assert!(matches!(ended, Err(WireError::WrongKey)), "{ended:?}");
    let mut rest = Vec::new();
    stranger.read_to_end(&mut rest).expect("the end");
    assert!(rest.is_empty(), "neither proof nor info");
}

#[test]
fn a_reflected_proof_is_refused_by_the_acceptor() {
    let (mut stranger, accepted) = connected();
    let key = SwarmKey::of_text("tulip");
    let acceptor = accept(accepted, key);
    let hello = hello(&key, dialler_nonce());
    stranger
        .write_all(&encoded(&Frame::Hello(hello)))
        .expect("sent");
    let welcome = welcome_of(&read_frame(&mut stranger));
    // It does not know the key, and answers with what it heard.
    stranger
        .write_all(&encoded(&Frame::Proof(welcome.proof)))
        .expect("sent");
    let refusal = read_frame(&mut stranger);
    assert!(
        matches!(frame::decode(&refusal), Ok(Frame::Refuse(_))),
        "{refusal:02x?}"
    );
    let ended = acceptor.join().expect("no panic");
    assert!(matches!(ended, Err(WireError::WrongKey)), "{ended:?}");
}

#[test]
fn a_proof_that_was_heard_on_another_connection_is_refused() {
    let key = SwarmKey::of_text("tulip");
    // What somebody who listens on the network hears.
    let (dialled, mut relay) = connected();
    let honest = dial(dialled, key);
    let heard = read_frame(&mut relay);
    let (mut onward, accepted) = connected();
    let acceptor = accept(accepted, key);
    onward
        .write_all(&(heard.len() as u32).to_be_bytes())
        .expect("sent");
    onward.write_all(&heard).expect("sent");
    let welcome = welcome_of(&read_frame(&mut onward));
    relay
        .write_all(&encoded(&Frame::Welcome(welcome)))
        .expect("sent");
    let proof = read_frame(&mut relay);
    drop((relay, onward));
    assert!(honest.join().expect("no panic").is_err());
    assert!(acceptor.join().expect("no panic").is_err());

    let (mut stranger, accepted) = connected();
    let acceptor = accept(accepted, key);
    stranger
        .write_all(&(heard.len() as u32).to_be_bytes())
        .expect("sent");
    stranger.write_all(&heard).expect("sent");
    read_frame(&mut stranger);
    stranger
        .write_all(&(proof.len() as u32).to_be_bytes())
        .expect("sent");
    stranger.write_all(&proof).expect("sent");
    let ended = acceptor.join().expect("no panic");
    assert!(matches!(ended, Err(WireError::WrongKey)), "{ended:?}");
}

#[test]
fn a_node_that_dials_itself_notices() {
    let (dialled, accepted) = connected();
    let key = SwarmKey::OPEN;
    let dialler = dial(dialled, key);
    let acceptor = thread::spawn(move || {
        let mut wire = wire(accepted);
        let hello = handshake::read_hello(&mut wire).expect("HELLO");
        handshake::welcome(&mut wire, identity(1), &hello, &key)
    });
    let ended = dialler.join().expect("no panic");
    assert!(matches!(ended, Err(WireError::Itself)), "{ended:?}");
    assert!(acceptor.join().expect("no panic").is_err());
}
