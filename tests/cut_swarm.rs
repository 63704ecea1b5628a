//! Connections between nodes that break off at any byte, both ways, in order and with a reset: what was fetched is right,
//! both sides notice at once, and the seed serves the next one.

use crate::common::cutter::{Cut, Cutter, HOWS, Way};
use crate::common::frames::manifest_of;
use crate::common::node::{Seed, assert_same, bytes_from, fetch, noise};
use crate::common::random::for_each_seed;
use crate::common::server::WATCHDOG;
use crate::common::temp::TempFolder;
use crate::common::toll::Toll;

use jam::swarm::asker::{Asker, Ended};
use jam::swarm::bitfield::Bitfield;
use jam::swarm::frame::{Info, NodeId, Role};
use jam::swarm::handshake::{self, Identity, Opening, Purpose};
use jam::swarm::key::SwarmKey;
use jam::swarm::machine::LinkKey;
use jam::swarm::store::{ChunkStore, StoreError};
use jam::swarm::track_swarm::{Taste, TrackSwarm};
use jam::swarm::wire::{Wire, WireError};
use jam::track::chunks::Layout;
use jam::track::id::TrackId;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

const CHUNK_BYTES: usize = 1024;

/// Takes nothing but right chunks.
struct Shelf {
    bytes: Vec<u8>,
    layout: Layout,
    taken: Mutex<Vec<u32>>,
}

impl ChunkStore for Shelf {
    fn read(&self, index: u32, _: &mut [u8]) -> Result<(), StoreError> {
        Err(StoreError::Missing { index })
    }

    fn write(&self, index: u32, data: &[u8]) -> Result<(), StoreError> {
        let start = usize::try_from(self.layout.offset(index)).expect("small");
        assert!(data == &self.bytes[start..start + data.len()], "{index}");
        assert_eq!(data.len(), self.layout.chunk_bytes(index));
        self.taken.lock().expect("no panic").push(index);
        Ok(())
    }
}

/// One connection of a node that has nothing yet, to its end.
struct Visit {
    ended: Result<Ended, WireError>,
    taken: Vec<u32>,
}

fn visit(address: SocketAddr, bytes: &[u8]) -> Visit {
    let id = TrackId::from_hash(blake3::hash(bytes));
    let track = TrackSwarm::new(id, SwarmKey::OPEN, None, Taste::default());
    let manifest = manifest_of("song.bin", bytes, 10);
    let layout = manifest.layout();
    let shelf = Arc::new(Shelf {
        bytes: bytes.to_vec(),
        layout,
        taken: Mutex::default(),
    });
    let ended = std::thread::scope(|scope| {
        let begin = scope.spawn(|| {
            if let Some(manifest) = track.wait_for_manifest(WATCHDOG) {
                let shelf: Arc<dyn ChunkStore> = shelf.clone();
                assert_eq!(manifest.layout(), layout);
                track.begin(manifest, shelf, Bitfield::new(layout.count()));
            }
        });
        let ended = ask(address, id, &track);
        track.stop();
        begin.join().expect("no panic");
        ended
    });
    let taken = shelf.taken.lock().expect("no panic").clone();
    Visit { ended, taken }
}

fn ask(address: SocketAddr, id: TrackId, track: &Arc<TrackSwarm>) -> Result<Ended, WireError> {
    let socket = Arc::new(TcpStream::connect(address)?);
    let mut wire = Wire::new(socket, address, &[])?;
    let own = Identity {
        node: NodeId(*b"a reader"),
        listen_port: 0,
    };
    let purpose = Purpose {
        role: Role::Ask,
        track: id,
        key: SwarmKey::OPEN,
        layout: None,
    };
    let met = handshake::dial(&mut wire, own, &purpose, |_| {
        Ok(Opening::from(Info {
            listen_port: 0,
            complete: false,
            has_manifest: false,
            addresses: Vec::new(),
            bitfield: Vec::new(),
        }))
    })?;
    Asker {
        track: Arc::clone(track),
        wire,
        met,
        link: LinkKey(1),
        told: 0,
        agreed: false,
        manifest_due: false,
    }
    .run()
}

struct Stage {
    bytes: Vec<u8>,
    seed: Seed,
    cutter: Cutter,
    calm: Toll,
    /// What goes there and back for the whole track.
    lengths: [usize; 2],
}

impl Stage {
    fn new(folder: &TempFolder) -> Self {
        let bytes = noise(31, 2 * CHUNK_BYTES + 1);
        let file = folder.write("song.bin", &bytes);
        let seed = Seed::start(&[&file], &["--chunk-size", "1KiB"]);
        let cutter = Cutter::to(seed.address());
        let whole = visit(cutter.address, &bytes);
        assert!(matches!(whole.ended, Ok(Ended::Complete)));
        assert_eq!(whole.taken.len(), 3);
        let lengths = cutter.wait_for_end(0);
        let pid = seed.running.pid().to_string();
        let calm = Toll::settled(&pid);
        Self {
            bytes,
            seed,
            cutter,
            calm,
            lengths,
        }
    }

    fn try_cut(&self, cut: Cut) {
        self.cutter.cut(Some(cut));
        let Visit { ended, taken } = visit(self.cutter.address, &self.bytes);
        match ended {
            Ok(Ended::Complete) => assert_eq!(taken.len(), 3, "{cut:?}"),
            Ok(Ended::Stopped) => panic!("{cut:?}: nobody stopped it"),
            // It is no offence to lose the line: who is told so would never be asked again.
            Err(WireError::Closed | WireError::Io(_)) => {
                let chunks = (cut.way == Way::Back).then_some(cut.after.div_ceil(CHUNK_BYTES));
                assert!(taken.len() <= chunks.unwrap_or(3), "{cut:?}: {taken:?}");
            }
            Err(other) => panic!("{cut:?}: {other}"),
        }
    }

    /// Whoever comes now gets the whole track, and the seed holds nothing of all that came before.
    fn goes_on(&self) {
        eprintln!("{} connections", self.cutter.ended());
        let next = visit(self.seed.address(), &self.bytes);
        assert!(matches!(next.ended, Ok(Ended::Complete)));
        self.calm.wait_for(&self.seed.running.pid().to_string());
    }
}

#[test]
fn an_asker_whose_line_breaks_at_any_byte_has_taken_right_chunks_alone() {
    let folder = TempFolder::new();
    let stage = Stage::new(&folder);
    for way in [Way::There, Way::Back] {
        for after in 0..=stage.lengths[way as usize] {
            // Behind the handshake and the manifest every third byte will do.
            if way == Way::Back && after > 600 && after % 3 != 0 {
                continue;
            }
            for how in HOWS {
                stage.try_cut(Cut { way, after, how });
            }
        }
    }
    stage.goes_on();
}

#[test]
fn frames_that_come_a_byte_at_a_time_are_the_same_and_break_in_the_same_way() {
    let folder = TempFolder::new();
    let stage = Stage::new(&folder);
    stage.cutter.in_pieces(1);
    stage.cutter.cut(None);
    let whole = visit(stage.cutter.address, &stage.bytes);
    assert!(matches!(whole.ended, Ok(Ended::Complete)));
    for_each_seed(60, |random| {
        let way = *random.pick(&[Way::There, Way::Back]);
        let after = random.below(stage.lengths[way as usize]);
        let how = *random.pick(&HOWS);
        stage.try_cut(Cut { way, after, how });
    });
    stage.goes_on();
}

/// A real `jam fetch` over a line that breaks on every connection: it comes back, or the seed comes to it, and no chunk
/// that was there is fetched again.
#[test]
fn a_fetch_whose_line_breaks_in_mid_frame_finishes_all_the_same() {
    for_each_seed(4, |random| {
        let folder = TempFolder::new();
        let bytes = noise(32, 60 * 16 * 1024 - 7);
        let file = folder.write("song.bin", &bytes);
        let seed = Seed::start(&[&file], &["--chunk-size", "16KiB"]);
        let cutter = Cutter::to(seed.address());
        cutter.cut(Some(Cut {
            way: Way::Back,
            after: 50_000 + random.below(70_000),
            how: *random.pick(&HOWS),
        }));
        let got = folder.join("got");
        let outcome = fetch(seed.id(), &[&cutter.address.to_string()], &got, &[]).success();
        assert!(cutter.ended() > 0);
        assert_same(&got.join("song.bin"), &bytes);
        let done = outcome.last_event("done");
        assert_eq!(bytes_from(&done), bytes.len() as u64);
    });
}
