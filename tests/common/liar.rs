//! A node that speaks the protocol well enough to be believed, and then does something that no node does.

use super::frames::encoded;
use super::node::WATCHDOG;
use jam::swarm::frame::{
    self, AnswerHead, Frame, Hello, Info, ManifestPart, NodeId, Request, Role, Want, Welcome,
};
use jam::swarm::key::{Nonce, Side, SwarmKey};
use jam::track::manifest::Manifest;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What a liar does instead of answering properly. Those that begin with a chunk do so in answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    WrongBytes,
    ShortChunk,
    WrongIndex,
    IndexBeyondTheTrack,
    NewsBeyondTheTrack,
    GiantFrame,
    EmptyFrame,
    UnknownKind,
    StopsMidChunk,
    ClosesMidChunk,
    WrongManifest,
    WrongLength,
    WrongBitfield,
    /// Says nothing at all once it was asked for the manifest.
    NoManifest,
    /// Always the same chunk.
    SameChunk,
    /// A chunk instead of the manifest, before anybody asked for one.
    UnaskedChunk,
    /// Addresses instead of a chunk.
    OtherAnswer,
    /// The right chunk, a byte a second.
    Drips,
    /// A manifest that says to be of 2^32 chunks.
    EndlessManifest,
    /// Everything is right but the name, which no node sends so.
    Named(&'static str),
}

pub struct Liar {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    node: NodeId,
    lie: Lie,
    bytes: Vec<u8>,
    manifest: Manifest,
    lied: Mutex<usize>,
    told: Condvar,
    connections: AtomicUsize,
}

impl Liar {
    pub fn start(lie: Lie, manifest: Manifest, bytes: Vec<u8>) -> Self {
        Self::start_as(NodeId(*b"liar----"), lie, manifest, bytes)
    }

    /// One that tells this id, whosever it is.
    pub fn start_as(node: NodeId, lie: Lie, manifest: Manifest, bytes: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            node,
            lie,
            bytes,
            manifest,
            lied: Mutex::new(0),
            told: Condvar::new(),
            connections: AtomicUsize::new(0),
        });
        let own_shared = Arc::clone(&shared);
        // Ends with the test's process: it waits for nobody.
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&own_shared);
                std::thread::spawn(move || shared.serve(socket));
            }
        });
        Self { address, shared }
    }

    pub fn at(&self) -> String {
        self.address.to_string()
    }

    /// Waits until it has lied to somebody.
    pub fn wait_for_lie(&self) {
        let lied = self.shared.lied.lock().expect("no panic");
        let waited = self
            .shared
            .told
            .wait_timeout_while(lied, WATCHDOG, |lied| *lied == 0);
        assert!(!waited.expect("no panic").1.timed_out(), "nobody asked it");
    }

    /// Connections that got through the handshake.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn serve(&self, socket: TcpStream) -> io::Result<()> {
        let mut talk = Talk(socket, None);
        let Some(hello) = talk.read_hello()? else {
            return Ok(());
        };
        talk.welcome(&hello, self.node)?;
        let (_proof, _info) = (talk.read()?, talk.read()?);
        let lies_in_info = self.lie == Lie::WrongBitfield;
        talk.say(&Frame::Info(Info {
            listen_port: 0,
            complete: !lies_in_info,
            has_manifest: true,
            addresses: Vec::new(),
            bitfield: if lies_in_info {
                vec![0xff; 3]
            } else {
                Vec::new()
            },
        }))?;
        self.connections.fetch_add(1, Ordering::Relaxed);
        if lies_in_info {
            self.note_lie();
        }
        if hello.role != Role::Ask {
            return Ok(());
        }
        loop {
            let body = talk.read()?;
            match frame::decode(&body) {
                Ok(Frame::GetManifest(first)) => self.tell_manifest(&mut talk, first)?,
                Ok(Frame::Request(request)) => self.answer(&mut talk, &request)?,
                Ok(Frame::GetPeers) => talk.say(&Frame::Peers(Vec::new()))?,
                _ => return Ok(()),
            }
        }
    }

    fn note_lie(&self) {
        *self.lied.lock().expect("no panic") += 1;
        self.told.notify_all();
    }

    fn tell_manifest(&self, talk: &mut Talk, first: u32) -> io::Result<()> {
        let mut part = ManifestPart::of(&self.manifest, first, 2048);
        match self.lie {
            Lie::WrongManifest => part.checksums[0][0] ^= 1,
            Lie::WrongLength => part.proof.leaf[0] ^= 1,
            Lie::NoManifest => {
                self.note_lie();
                talk.wait_for_end();
                return Ok(());
            }
            Lie::UnaskedChunk => {
                self.note_lie();
                let data = &self.bytes[..self.manifest.layout().chunk_bytes(0)];
                return talk.say(&Frame::Chunk(head(Some(0), &[]), data));
            }
            Lie::EndlessManifest => {
                self.note_lie();
                return talk.0.write_all(&endless_manifest(&part));
            }
            Lie::Named(name) => part.name = name.into(),
            _ => {}
        }
        talk.say(&Frame::Manifest(part))?;
        if matches!(self.lie, Lie::WrongManifest | Lie::WrongLength) {
            self.note_lie();
        }
        Ok(())
    }

    fn answer(&self, talk: &mut Talk, request: &Request) -> io::Result<()> {
        let layout = self.manifest.layout();
        let wanted = match request.want {
            Want::Chunk(index) => index,
            Want::Any => 0,
            Want::News => return talk.say(&Frame::Empty(head(None, &[]))),
        };
        let from = layout.offset(wanted) as usize;
        let data = &self.bytes[from..from + layout.chunk_bytes(wanted)];
        let honest = encoded(&Frame::Chunk(head(Some(wanted), &[]), data));
        match self.lie {
            Lie::WrongBytes => {
                let mut data = data.to_vec();
                data[0] ^= 1;
                talk.say(&Frame::Chunk(head(Some(wanted), &[]), &data))?;
            }
            Lie::ShortChunk => {
                let short = &data[1..];
                talk.say(&Frame::Chunk(head(Some(wanted), &[]), short))?;
            }
            Lie::WrongIndex => {
                // Also an answer to "any" with a number that is not that of the bytes.
                let other = (wanted + 1) % layout.count();
                talk.say(&Frame::Chunk(head(Some(other), &[]), data))?;
            }
            Lie::IndexBeyondTheTrack => {
                talk.say(&Frame::Chunk(head(Some(layout.count()), &[]), data))?;
            }
            Lie::NewsBeyondTheTrack => {
                talk.say(&Frame::Chunk(head(Some(wanted), &[layout.count()]), data))?;
            }
            Lie::GiantFrame => talk.0.write_all(&[0xff, 0xff, 0xff, 0xf0, 0x21, 0])?,
            Lie::EmptyFrame => talk.0.write_all(&[0; 4])?,
            Lie::UnknownKind => talk.0.write_all(&[0, 0, 0, 2, 0x77, 0])?,
            Lie::StopsMidChunk => {
                talk.0.write_all(&honest[..honest.len() / 2])?;
                self.note_lie();
                talk.wait_for_end();
            }
            Lie::ClosesMidChunk => {
                talk.0.write_all(&honest[..honest.len() / 2])?;
                self.note_lie();
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            Lie::SameChunk => {
                let same = &self.bytes[..layout.chunk_bytes(0)];
                talk.say(&Frame::Chunk(head(Some(0), &[]), same))?;
            }
            Lie::OtherAnswer => talk.say(&Frame::Peers(Vec::new()))?,
            Lie::Drips => {
                self.note_lie();
                for byte in honest.chunks(1) {
                    talk.0.write_all(byte)?;
                    // This is what it does, and nothing waits for it.
                    std::thread::sleep(Duration::from_secs(1));
                }
            }
            _ => return talk.0.write_all(&honest),
        }
        self.note_lie();
        Ok(())
    }
}

/// The manifest's first frame, with a length that makes 2^32 chunks.
fn endless_manifest(part: &ManifestPart) -> Vec<u8> {
    const LENGTH_AT: usize = 4 + 1 + 1;
    let mut frame = encoded(&Frame::Manifest(part.clone()));
    let length = u64::from(part.layout.chunk_size().bytes()) << 32;
    frame[LENGTH_AT..LENGTH_AT + 8].copy_from_slice(&length.to_be_bytes());
    frame
}

fn head(index: Option<u32>, news: &[u32]) -> AnswerHead {
    let news = news.to_vec();
    AnswerHead {
        pass_over: false,
        index,
        news,
    }
}

/// A connection on which the test speaks itself, and the id of who it is with.
pub struct Talk(pub TcpStream, pub Option<NodeId>);

impl Talk {
    /// Dials, and says HELLO and what follows, as somebody in an open swarm who wants to ask.
    pub fn dial(socket: TcpStream, manifest: &Manifest) -> io::Result<Self> {
        let port = u64::from(socket.local_addr()?.port());
        Self::dial_as(NodeId(port.to_be_bytes()), Role::Ask, socket, manifest)
    }

    /// The same as somebody with this id, whosever it is. Who offers says that it has everything.
    pub fn dial_as(
        node: NodeId,
        role: Role,
        socket: TcpStream,
        manifest: &Manifest,
    ) -> io::Result<Self> {
        let mut talk = Self(socket, None);
        talk.0.set_read_timeout(Some(WATCHDOG))?;
        let (nonce, track) = (Nonce([7; 16]), manifest.id());
        talk.say(&Frame::Hello(Hello {
            role,
            track,
            key_id: SwarmKey::OPEN.id(),
            nonce,
            node,
            chunk_size: None,
            chunk_count: None,
        }))?;
        let body = talk.read()?;
        let Ok(Frame::Welcome(welcome)) = frame::decode(&body) else {
            let text = String::from_utf8_lossy(&body).into_owned();
            return Err(io::Error::other(text));
        };
        talk.1 = Some(welcome.node);
        let proof = SwarmKey::OPEN.proof(Side::Dialler, nonce, welcome.nonce, track);
        talk.say(&Frame::Proof(proof))?;
        let offers = role == Role::Offer;
        talk.say(&Frame::Info(Info {
            listen_port: 0,
            complete: offers,
            has_manifest: offers,
            addresses: Vec::new(),
            bitfield: Vec::new(),
        }))?;
        talk.read()?;
        Ok(talk)
    }

    pub fn say(&mut self, frame: &Frame) -> io::Result<()> {
        self.0.write_all(&encoded(frame))
    }

    /// The next frame, without its length.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut head = [0; 4];
        self.0.read_exact(&mut head)?;
        let mut body = vec![0; u32::from_be_bytes(head) as usize];
        self.0.read_exact(&mut body)?;
        Ok(body)
    }

    fn read_hello(&mut self) -> io::Result<Option<Hello>> {
        let body = self.read()?;
        Ok(match frame::decode(&body) {
            Ok(Frame::Hello(hello)) => Some(hello),
            _ => None,
        })
    }

    fn welcome(&mut self, hello: &Hello, node: NodeId) -> io::Result<()> {
        let nonce = Nonce([9; 16]);
        let proof = SwarmKey::OPEN.proof(Side::Acceptor, hello.nonce, nonce, hello.track);
        self.say(&Frame::Welcome(Welcome { nonce, node, proof }))
    }

    /// As one that offered itself: tells the manifest, and answers every request with nothing, until the other side closes.
    pub fn give_nothing(&mut self, manifest: &Manifest) -> io::Result<()> {
        let pass_over = true;
        loop {
            let answer = match frame::decode(&self.read()?) {
                Ok(Frame::GetManifest(first)) => {
                    Frame::Manifest(ManifestPart::of(manifest, first, 2048))
                }
                Ok(Frame::Request(_)) => Frame::Empty(AnswerHead {
                    pass_over,
                    ..head(None, &[])
                }),
                _ => Frame::Peers(Vec::new()),
            };
            self.say(&answer)?;
        }
    }

    /// Until the other side closes.
    pub fn wait_for_end(&mut self) {
        let mut unread = [0; 1024];
        while matches!(self.0.read(&mut unread), Ok(count) if count > 0) {}
    }
}
