//! The frames of `testdata/frames`: one of each kind and variant, with the values that they stand for.

use jam::swarm::frame::{
    AnswerHead, Frame, Hello, Info, Listed, ManifestPart, NodeId, Refusal, RefusalCode, Request,
    Role, Want, Welcome,
};
use jam::swarm::key::{Nonce, Side, SwarmKey};
use jam::track::chunks::{ChunkSize, Layout};
use jam::track::hash_tree::{Checksum, chunk_checksum, root_of};
use jam::track::id::TrackId;
use jam::track::manifest::{LengthProof, Manifest};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

/// One byte of the example track is its number modulo 251, as in BLAKE3's own test vectors.
pub const EXAMPLE_BYTES: usize = 2049;
static LAST_CHUNK: [u8; 1] = [(2048 % 251) as u8];

pub struct Example {
    /// Of the file, without `.hex`.
    pub name: &'static str,
    /// Its first line, behind `# `.
    pub says: &'static str,
    pub frame: Frame<'static>,
}

pub fn example_track() -> Vec<u8> {
    (0..EXAMPLE_BYTES).map(|at| (at % 251) as u8).collect()
}

/// The manifest of a track in chunks of `1 << log2` bytes.
pub fn manifest_of(name: &str, bytes: &[u8], log2: u8) -> Manifest {
    let chunk_size = ChunkSize::from_log2(log2).expect("a chunk size");
    let layout = Layout::new(bytes.len() as u64, chunk_size).expect("a layout");
    let chunks: Vec<&[u8]> = bytes.chunks(chunk_size.bytes() as usize).collect();
    let checksums: Vec<Checksum> = (0..)
        .zip(&chunks)
        .map(|(index, chunk)| chunk_checksum(&layout, index, chunk))
        .collect();
    let id = root_of(&layout, &checksums);
    let proof = LengthProof::of(&layout, chunks[chunks.len() - 1]);
    Manifest::prove(id, name, layout, checksums, proof).expect("its own manifest")
}

pub fn example_manifest() -> Manifest {
    manifest_of("count.bin", &example_track(), 10)
}

pub fn dialler_nonce() -> Nonce {
    Nonce(std::array::from_fn(|at| at as u8))
}

pub fn acceptor_nonce() -> Nonce {
    Nonce(std::array::from_fn(|at| 0x10 + at as u8))
}

fn dialler() -> NodeId {
    NodeId(std::array::from_fn(|at| 0xa0 + at as u8))
}

fn acceptor() -> NodeId {
    NodeId(std::array::from_fn(|at| 0xb0 + at as u8))
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn hello(role: Role, track: TrackId) -> Hello {
    Hello {
        role,
        track,
        key_id: SwarmKey::OPEN.id(),
        nonce: dialler_nonce(),
        node: dialler(),
        chunk_size: None,
        chunk_count: None,
    }
}

fn head(pass_over: bool, index: Option<u32>, news: &[u32]) -> AnswerHead {
    let news = news.to_vec();
    AnswerHead {
        pass_over,
        index,
        news,
    }
}

fn request(want: Want, news: &[u32]) -> Frame<'static> {
    let news = news.to_vec();
    Frame::Request(Request { want, news })
}

pub fn examples() -> Vec<Example> {
    let manifest = example_manifest();
    let (track, layout) = (manifest.id(), manifest.layout());
    let proof = |side| SwarmKey::OPEN.proof(side, dialler_nonce(), acceptor_nonce(), manifest.id());
    let nothing = TrackId::from_bytes([0; 32]);
    // In one chunk of 4 KiB the last leaf has a sibling.
    let whole = manifest_of("count.bin", &example_track(), 12);
    let info = Info {
        listen_port: 9004,
        complete: false,
        has_manifest: false,
        addresses: Vec::new(),
        bitfield: Vec::new(),
    };
    let list = [
        (
            "hello-ask",
            "HELLO: wants to fetch the track, open swarm",
            Frame::Hello(hello(Role::Ask, track)),
        ),
        (
            "hello-offer",
            "HELLO: offers to answer, and knows that the track has 3 chunks of 1 KiB",
            Frame::Hello(Hello {
                chunk_size: Some(layout.chunk_size()),
                chunk_count: Some(layout.count()),
                ..hello(Role::Offer, track)
            }),
        ),
        (
            "hello-list",
            "HELLO: wants to know which tracks there are",
            Frame::Hello(hello(Role::List, nothing)),
        ),
        (
            "hello-check",
            "HELLO: tries the network",
            Frame::Hello(hello(Role::Check, nothing)),
        ),
        (
            "welcome",
            "WELCOME: the answer to hello-ask",
            Frame::Welcome(Welcome {
                nonce: acceptor_nonce(),
                node: acceptor(),
                proof: proof(Side::Acceptor),
            }),
        ),
        (
            "proof",
            "PROOF: the answer to welcome",
            Frame::Proof(proof(Side::Dialler)),
        ),
        (
            "info-nothing",
            "INFO: listens on port 9004, knows nothing of the track yet",
            Frame::Info(info.clone()),
        ),
        (
            "info-some",
            "INFO: holds chunks 0 and 2 of 3, cannot be dialled",
            Frame::Info(Info {
                listen_port: 0,
                has_manifest: true,
                bitfield: vec![0b1010_0000],
                ..info.clone()
            }),
        ),
        (
            "info-seed",
            "INFO: has all of it, and knows two other nodes",
            Frame::Info(Info {
                listen_port: 9003,
                complete: true,
                has_manifest: true,
                addresses: vec![address("192.168.1.21:9004"), address("[fd00::2]:9004")],
                ..info
            }),
        ),
        (
            "refuse",
            "REFUSE: code 2, and why",
            Frame::Refuse(Refusal {
                code: RefusalCode::UnknownTrack,
                text: "this node has no such track".into(),
            }),
        ),
        (
            "get-manifest",
            "GET_MANIFEST: the checksums from chunk 0 on",
            Frame::GetManifest(0),
        ),
        (
            "request-chunk",
            "REQUEST: chunk 1; news: now holds chunk 2",
            request(Want::Chunk(1), &[2]),
        ),
        ("request-any", "REQUEST: any chunk", request(Want::Any, &[])),
        (
            "request-news",
            "REQUEST: nothing but news",
            request(Want::News, &[]),
        ),
        ("get-peers", "GET_PEERS", Frame::GetPeers),
        ("bye", "BYE: stopped early", Frame::Bye(false)),
        ("bye-complete", "BYE: holds all chunks", Frame::Bye(true)),
        (
            "manifest",
            "MANIFEST: 2049 bytes in 3 chunks of 1 KiB, all checksums",
            Frame::Manifest(ManifestPart::of(&manifest, 0, 3)),
        ),
        (
            "manifest-rest",
            "MANIFEST: the same from chunk 2 on",
            Frame::Manifest(ManifestPart::of(&manifest, 2, 1)),
        ),
        (
            "manifest-one-chunk",
            "MANIFEST: the same track in 1 chunk of 4 KiB; its checksum is the track_id",
            Frame::Manifest(ManifestPart::of(&whole, 0, 1)),
        ),
        (
            "chunk",
            "CHUNK: number 2 with its 1 byte; the first pass goes on",
            Frame::Chunk(head(false, Some(2), &[]), &LAST_CHUNK),
        ),
        (
            "chunk-news",
            "CHUNK: the same from a node that chooses nothing, with the news that it holds 0 and 1",
            Frame::Chunk(head(true, Some(2), &[0, 1]), &LAST_CHUNK),
        ),
        (
            "empty",
            "EMPTY: no chunk; news: holds chunk 0",
            Frame::Empty(head(true, None, &[0])),
        ),
        (
            "peers",
            "PEERS: two addresses",
            Frame::Peers(vec![
                address("192.168.1.21:9004"),
                address("[fd00::2]:9004"),
            ]),
        ),
        (
            "tracks",
            "TRACKS: one",
            Frame::Tracks(vec![Listed {
                track,
                layout,
                name: "count.bin".into(),
            }]),
        ),
    ];
    list.map(|(name, says, frame)| Example { name, says, frame })
        .into()
}

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/frames")
}

impl Example {
    /// What its file has to be.
    pub fn text(&self) -> String {
        let mut text = format!("# {}\n", self.says);
        for line in encoded(&self.frame).chunks(24) {
            let digits: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
            text += &digits.join(" ");
            text += "\n";
        }
        text
    }

    pub fn file(&self) -> String {
        let path = folder().join(self.name).with_extension("hex");
        let expected = self.text();
        fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; it should be\n{expected}", path.display()))
    }

    /// The bytes of the file: a whole frame with its length.
    pub fn bytes(&self) -> Vec<u8> {
        let file = self.file();
        let lines = file.lines().filter(|line| !line.starts_with('#'));
        lines
            .flat_map(str::split_whitespace)
            .map(|digits| u8::from_str_radix(digits, 16).expect("two hexadecimal digits"))
            .collect()
    }
}

pub fn encoded(frame: &Frame) -> Vec<u8> {
    let mut bytes = Vec::new();
    jam::swarm::frame::encode(frame, &mut bytes);
    bytes
}
