//! One connection on the waiting side of a check: does what the dialler asks for, within bounds, and tells what it saw. A
//! hostile dialler costs a thread for some seconds, and a few megabytes of traffic.

use super::dial::{NOTHING_ARRIVED, info};
use super::outcome::{Visit, Way};
use super::wire::{NO_TEXT, Wire, WireError};
use crate::limits::{
    CHECK_BYTES_MAX, CHECK_DATA_BYTES, CHECK_ECHOES_MAX, CHECK_RECEIPT_DEADLINE, CHECK_STEP,
};
use crate::swarm::check_frames::{CheckFrame, Received};
use crate::swarm::frame::{
    self, Frame, FrameError, Hello, NodeId, Refusal, RefusalCode, Role, Welcome,
};
use crate::swarm::key::{Nonce, Side, SwarmKey};
use crate::sys::secret::Secret;
use std::time::{Duration, Instant};

/// Whoever dialled, from HELLO on.
pub struct Visitor<'a> {
    wire: Wire,
    secret: &'a Secret,
    number: u64,
}

impl<'a> Visitor<'a> {
    /// `number` is never used twice.
    #[must_use]
    pub fn new(wire: Wire, secret: &'a Secret, number: u64) -> Self {
        Self {
            wire,
            secret,
            number,
        }
    }

    /// Until the connection ends. Whoever knows one of the keys is served.
    #[must_use]
    pub fn answer(mut self, keys: &[SwarmKey]) -> Visit {
        let welcomed = self.welcome(keys);
        let visit = welcomed.map_or_else(|visit| visit, |()| self.serve());
        self.wire.close_gently();
        visit
    }

    fn welcome(&mut self, keys: &[SwarmKey]) -> Result<(), Visit> {
        let first = self.wire.read_frame().map(|frame| match frame {
            Ok(Frame::Hello(hello)) => Ok(hello),
            Err(FrameError::Version { version }) => Err(Some(version)),
            _ => Err(None),
        });
        let hello = match first {
            Ok(hello) => hello,
            Err(WireError::TimedOut) if self.wire.bytes_read() == 0 => {
                let text = "nothing has arrived from you";
                self.refuse(NOTHING_ARRIVED, text);
                return Err(Visit::Silent);
            }
            Err(WireError::NotAFrame(said)) => return Err(Visit::NotJam { said }),
            Err(_) => return Err(Visit::Cut),
        };
        let hello = hello.map_err(|error| match error {
            None => Visit::NotJam {
                said: NO_TEXT.into(),
            },
            Some(version) => {
                let ours = frame::VERSION;
                self.refuse(
                    RefusalCode::Version,
                    &format!("version {ours} is spoken here, not {version}"),
                );
                Visit::Version(version)
            }
        })?;
        if hello.role != Role::Check {
            self.refuse(
                RefusalCode::NotOffered,
                "this is `jam check`, it has no tracks",
            );
            return Err(Visit::NotACheck);
        }
        let Some(key) = keys.iter().find(|key| key.id() == hello.key_id) else {
            self.refuse(RefusalCode::WrongKey, "this check belongs to another swarm");
            return Err(Visit::NotACheck);
        };
        self.prove(&hello, key)
    }

    fn prove(&mut self, hello: &Hello, key: &SwarmKey) -> Result<(), Visit> {
        let (mut nonce, mut node) = ([0; 16], [0; 8]);
        self.secret
            .fill("acceptor's nonce", self.number, &mut nonce);
        self.secret.fill("node id", 0, &mut node);
        let nonce = Nonce(nonce);
        let proof = |side| key.proof(side, hello.nonce, nonce, hello.track);
        let welcome = Welcome {
            nonce,
            node: NodeId(node),
            proof: proof(Side::Acceptor),
        };
        let sent = self.wire.say_frames(&[Frame::Welcome(welcome)]);
        sent.map_err(|_gone| Visit::Cut)?;
        let theirs = match self.wire.read_frame() {
            Ok(Ok(Frame::Proof(proof))) => Some(proof),
            Ok(_) | Err(WireError::NotAFrame(_)) => None,
            Err(WireError::TimedOut) => return Err(Visit::AnswerLost),
            // Enough for somebody who only wanted to know whether we are here.
            Err(WireError::Gone(_)) => return Err(Visit::NotACheck),
        };
        if !theirs.is_some_and(|theirs| theirs.is(&proof(Side::Dialler))) {
            self.refuse(RefusalCode::WrongKey, "the proof is not right");
            return Err(Visit::WrongBytes);
        }
        match self.wire.read_frame() {
            Ok(Ok(Frame::Info(_))) => {}
            Ok(_) | Err(WireError::NotAFrame(_)) => return Err(Visit::WrongBytes),
            Err(_) => return Err(Visit::Cut),
        }
        let sent = self.wire.say_frames(&[info()]);
        sent.map_err(|_gone| Visit::Cut)
    }

    /// Until the dialler says how it went, or something is wrong.
    fn serve(&mut self) -> Visit {
        let mut upload = Upload::default();
        let (mut echoes, mut sent) = (0, 0_u64);
        loop {
            let frame = match self.wire.read() {
                Ok((kind, body)) => CheckFrame::decode(kind, body),
                Err(WireError::TimedOut) => {
                    let bytes = upload.bytes;
                    let _gone = self.wire.say(&CheckFrame::Stalled { bytes });
                    let way = Way::There;
                    let bytes = bytes.into();
                    return Visit::Stopped { way, bytes };
                }
                Err(WireError::Gone(_)) => return Visit::Cut,
                Err(WireError::NotAFrame(_)) => None,
            };
            let answered = match frame {
                Some(CheckFrame::Echo(bytes)) if echoes < CHECK_ECHOES_MAX => {
                    echoes += 1;
                    let echoed = CheckFrame::Echoed(bytes).encode();
                    self.wire.send(&echoed)
                }
                Some(CheckFrame::Data(data)) => match upload.take(data) {
                    true => Ok(()),
                    false => return Visit::Greedy,
                },
                Some(CheckFrame::End { .. }) => {
                    let received = upload.end();
                    self.wire.say(&CheckFrame::Received(received))
                }
                Some(CheckFrame::Send { bytes }) => {
                    sent += u64::from(bytes);
                    if sent > CHECK_BYTES_MAX.into() {
                        return Visit::Greedy;
                    }
                    self.send_data(bytes)
                }
                Some(CheckFrame::Stalled { bytes }) => {
                    let (way, bytes) = (Way::Back, bytes.into());
                    return Visit::Stopped { way, bytes };
                }
                Some(CheckFrame::Result(result)) => {
                    return Visit::Told {
                        ok: result.ok,
                        round_trip: Duration::from_micros(result.round_trip_micros.into()),
                        there: result.there_bytes_per_sec,
                        back: result.back_bytes_per_sec,
                    };
                }
                Some(CheckFrame::Echo(_)) => return Visit::Greedy,
                Some(CheckFrame::Echoed(_) | CheckFrame::Received(_)) | None => {
                    return Visit::WrongBytes;
                }
            };
            match answered {
                Ok(()) => {}
                Err(WireError::TimedOut) => {
                    // It takes nothing, but may still say how much it got.
                    self.wire.wait_at_most(CHECK_STEP);
                }
                Err(_) => return Visit::Cut,
            }
        }
    }

    fn send_data(&mut self, bytes: u32) -> Result<(), WireError> {
        let mut hasher = blake3::Hasher::new();
        let mut data = vec![0; CHECK_DATA_BYTES];
        let mut left = bytes as usize;
        let mut number = self.number << 32;
        while left > 0 {
            let part = &mut data[..left.min(CHECK_DATA_BYTES)];
            self.secret.fill("answered data", number, part);
            hasher.update(part);
            self.wire.say(&CheckFrame::Data(part))?;
            left -= part.len();
            number += 1;
        }
        let checksum = *hasher.finalize().as_bytes();
        // Up to all of it may still be on its way when this has been taken.
        self.wire.wait_at_most(CHECK_RECEIPT_DEADLINE);
        self.wire.say(&CheckFrame::End { checksum })
    }

    fn refuse(&mut self, code: RefusalCode, text: &str) {
        // Whoever is gone does not have to be told.
        let _gone = self.wire.send(&refusal(code, text));
    }
}

/// A whole REFUSE.
#[must_use]
pub fn refusal(code: RefusalCode, text: &str) -> Vec<u8> {
    let text = text.to_owned();
    let mut bytes = Vec::new();
    frame::encode(&Frame::Refuse(Refusal { code, text }), &mut bytes);
    bytes
}

/// Data that comes in.
#[derive(Default)]
struct Upload {
    hasher: blake3::Hasher,
    bytes: u32,
    /// Of all uploads together.
    total: u64,
    began: Option<Instant>,
}

impl Upload {
    /// `false` when it is more than a check may send.
    fn take(&mut self, data: &[u8]) -> bool {
        self.began.get_or_insert_with(Instant::now);
        self.hasher.update(data);
        self.total += data.len() as u64;
        if self.total > CHECK_BYTES_MAX.into() {
            return false;
        }
        self.bytes += u32::try_from(data.len()).expect("bug: a frame is short");
        true
    }

    /// What came since the last time.
    fn end(&mut self) -> Received {
        let took = self
            .began
            .take()
            .map_or(Duration::ZERO, |began| began.elapsed());
        let received = Received {
            bytes: std::mem::take(&mut self.bytes),
            micros: u32::try_from(took.as_micros()).unwrap_or(u32::MAX),
            checksum: *self.hasher.finalize().as_bytes(),
        };
        self.hasher.reset();
        received
    }
}
