//! A node that nobody can dial dials and offers to answer: that line breaks at any byte too, both ways, in order and with
//! a reset. What came is right, it is no offence, and the next offer brings what is missing and nothing twice.

use crate::common::cutter::{Cut, Cutter, HOWS, Way};
use crate::common::frames::manifest_of;
use crate::common::node::noise;
use crate::common::running::until;

use jam::swarm::answerer::Answerer;
use jam::swarm::bitfield::Bitfield;
use jam::swarm::frame::{Info, NodeId, Role};
use jam::swarm::handshake::{self, Identity, Opening, Purpose};
use jam::swarm::key::SwarmKey;
use jam::swarm::node::{Extras, Node};
use jam::swarm::store::{ChunkStore, StoreError};
use jam::swarm::track_swarm::{Taste, TrackSwarm};
use jam::swarm::wire::{Wire, WireError};
use jam::track::id::TrackId;
use jam::track::manifest::Manifest;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CHUNK_BYTES: usize = 1024;

/// Gives what is in it, and keeps what comes.
struct Shelf {
    bytes: Vec<u8>,
    taken: Mutex<Vec<(u32, Vec<u8>)>>,
}

impl Shelf {
    fn of(bytes: &[u8]) -> Arc<Self> {
        Arc::new(Self {
            bytes: bytes.to_vec(),
            taken: Mutex::default(),
        })
    }

    /// The chunks that came, each of them right and none of them twice.
    fn came(&self, whole: &[u8]) -> usize {
        let taken = self.taken.lock().expect("no panic");
        let mut seen = Vec::new();
        for (index, data) in taken.iter() {
            let chunk = whole.chunks(CHUNK_BYTES).nth(*index as usize);
            assert_eq!(chunk, Some(&data[..]), "chunk {index}");
            assert!(!seen.contains(index), "chunk {index} twice");
            seen.push(*index);
        }
        seen.len()
    }
}

impl ChunkStore for Shelf {
    fn read(&self, index: u32, data: &mut [u8]) -> Result<(), StoreError> {
        let chunk = self.bytes.chunks(CHUNK_BYTES).nth(index as usize);
        data.copy_from_slice(chunk.ok_or(StoreError::Missing { index })?);
        Ok(())
    }

    fn write(&self, index: u32, data: &[u8]) -> Result<(), StoreError> {
        let mut taken = self.taken.lock().expect("no panic");
        taken.push((index, data.to_vec()));
        Ok(())
    }
}

/// Who has everything and offers it, and somebody who has nothing, with a line between them that breaks.
struct Stage {
    bytes: Vec<u8>,
    manifest: Arc<Manifest>,
    seed: Arc<TrackSwarm>,
    leecher: Node,
    cutter: Cutter,
}

impl Stage {
    fn new() -> Self {
        let bytes = noise(33, CHUNK_BYTES + 1);
        let manifest = Arc::new(manifest_of("song.bin", &bytes, 10));
        let seed = Self::track(manifest.id());
        let mut held = Bitfield::new(2);
        assert!(held.set(0) && held.set(1));
        seed.begin(Arc::clone(&manifest), Shelf::of(&bytes), held);
        let leecher = Node::listen(0, Extras::default()).expect("a node");
        let cutter = Cutter::to(SocketAddr::from(([127, 0, 0, 1], leecher.port())));
        Self {
            bytes,
            manifest,
            seed,
            leecher,
            cutter,
        }
    }

    fn track(id: TrackId) -> Arc<TrackSwarm> {
        TrackSwarm::new(id, SwarmKey::OPEN, None, Taste::default())
    }

    fn offer(&self) -> Result<(), WireError> {
        let address = self.cutter.address;
        let mut wire = Wire::new(Arc::new(TcpStream::connect(address)?), address, &[])?;
        let own = Identity {
            node: NodeId(*b"a giver!"),
            listen_port: 0,
        };
        let purpose = Purpose {
            role: Role::Offer,
            track: self.manifest.id(),
            key: SwarmKey::OPEN,
            layout: None,
        };
        let met = handshake::dial(&mut wire, own, &purpose, |_| {
            Ok(Opening::from(Info {
                listen_port: 0,
                complete: true,
                has_manifest: true,
                addresses: Vec::new(),
                bitfield: Vec::new(),
            }))
        })?;
        Answerer {
            track: Arc::clone(&self.seed),
            content: self.seed.content().expect("it has everything"),
            wire,
            met,
            told: 0,
        }
        .run()
    }

    /// A leecher with nothing, to whom is offered over a line that breaks so, and once more over one that does not.
    fn try_cut(&self, cut: Option<Cut>) {
        let track = Self::track(self.manifest.id());
        let shelf = Shelf::of(&[]);
        self.leecher.join(&track).expect("a thread");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !track.is_stopped() {
                    if let Some(manifest) = track.wait_for_manifest(Duration::from_millis(100)) {
                        let shelf: Arc<dyn ChunkStore> = shelf.clone();
                        track.begin(manifest, shelf, Bitfield::new(2));
                        return;
                    }
                }
            });
            self.cutter.cut(cut);
            let ended = self.offer();
            assert!(
                matches!(ended, Ok(()) | Err(WireError::Closed | WireError::Io(_))),
                "{cut:?}: {ended:?}"
            );
            until("the leecher has noticed", || {
                (self.leecher.connections() == 0).then_some(())
            });
            let came = shelf.came(&self.bytes);
            if let Some(Cut { way, after, .. }) = cut {
                let most = if way == Way::There {
                    after / CHUNK_BYTES + 1
                } else {
                    2
                };
                assert!(came <= most, "{cut:?}: {came}");
                self.cutter.cut(None);
                if came < 2 {
                    let again = self.offer();
                    assert!(again.is_ok(), "{cut:?}: {again:?}");
                }
            }
            until("everything came", || track.status().complete.then_some(()));
            assert_eq!(shelf.came(&self.bytes), 2, "{cut:?}");
            self.leecher.leave(&track);
        });
    }
}

#[test]
fn an_offer_whose_line_breaks_at_any_byte_is_no_offence_and_the_next_one_brings_the_rest() {
    let stage = Stage::new();
    stage.try_cut(None);
    let lengths = stage.cutter.wait_for_end(0);
    for way in [Way::There, Way::Back] {
        for after in 0..lengths[way as usize] {
            // Behind the manifest every thirteenth byte will do.
            if way == Way::There && after > 250 && after % 13 != 0 {
                continue;
            }
            for how in HOWS {
                stage.try_cut(Some(Cut { way, after, how }));
            }
        }
    }
    eprintln!("{lengths:?} bytes, {} connections", stage.cutter.ended());
    let Stage { leecher, .. } = stage;
    leecher.stop();
}
