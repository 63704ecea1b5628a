//! The side of a check that dials and leads.

use super::outcome::{Outcome, Trouble, Way, median, rate};
use super::wire::{NO_TEXT, Wire, WireError};
use crate::limits::{
    CHECK_BYTES, CHECK_DATA_BYTES, CHECK_DEADLINE, CHECK_ECHO_BYTES_MAX, CHECK_ECHOES,
    CHECK_LARGE_PACKET_BYTES, CHECK_RECEIPT_DEADLINE, CHECK_STEP, SERVER_TEXT_CHARS_MAX,
};
use crate::room::address::Endpoint;
use crate::swarm::check_frames::{CheckFrame, CheckResult};
use crate::swarm::frame::{Frame, Hello, Info, NodeId, Refusal, RefusalCode, Role, Welcome};
use crate::swarm::key::{Nonce, Side, SwarmKey};
use crate::sys::dial::{DialError, Dialled, dial_name};
use crate::sys::secret::Secret;
use crate::sys::threads::Threads;
use crate::sys::timed_socket::TimedSocket;
use crate::text::clean_display_text;
use crate::track::id::TrackId;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Dials, measures and verifies.
#[must_use]
pub fn check(target: &Endpoint, secret: &Secret, threads: &Threads) -> Outcome {
    let mut outcome = Outcome::default();
    match dial_name(&target.host, target.port, threads) {
        Ok(dialled) => outcome.trouble = talk(dialled, secret, &mut outcome).err(),
        Err(error) => outcome.trouble = Some(of_dialling(&error)),
    }
    outcome
}

fn talk(dialled: Dialled, secret: &Secret, outcome: &mut Outcome) -> Result<(), Trouble> {
    outcome.address = Some(dialled.address);
    outcome.connected = Some(dialled.took);
    let end = Instant::now() + CHECK_DEADLINE;
    let socket = TimedSocket::new(Arc::new(dialled.socket), CHECK_STEP, end);
    let mut talk = Talk {
        wire: Wire::new(socket),
        secret,
        end,
    };
    let done = talk.measure(outcome);
    let result = CheckResult {
        ok: done.is_ok(),
        round_trip_micros: outcome.round_trip.map_or(0, micros),
        there_bytes_per_sec: outcome.there.unwrap_or(0),
        back_bytes_per_sec: outcome.back.unwrap_or(0),
    };
    // Whoever answers tells of it on its own terminal.
    if talk.wire.say(&CheckFrame::Result(result)).is_ok() {
        talk.wire.close_gently();
    }
    done
}

/// Who answered a HELLO.
pub enum Answer {
    Welcome(Welcome),
    Refusal(Refusal),
}

/// Says HELLO and reads what comes back.
///
/// # Errors
/// What is wrong when that is no answer of jam.
pub fn greet(wire: &mut Wire, hello: &Hello) -> Result<Answer, Trouble> {
    let hello = Frame::Hello(hello.clone());
    wire.say_frames(&[hello]).map_err(|error| cut(&error))?;
    match wire.read_frame() {
        Ok(Ok(Frame::Welcome(welcome))) => Ok(Answer::Welcome(welcome)),
        Ok(Ok(Frame::Refuse(refusal))) => Ok(Answer::Refusal(refusal)),
        Ok(_) => Err(Trouble::NotJam {
            answer: NO_TEXT.into(),
        }),
        Err(WireError::TimedOut) => Err(Trouble::Silent),
        Err(WireError::Gone(_)) => Err(Trouble::HungUp),
        Err(WireError::NotAFrame(answer)) => Err(Trouble::NotJam { answer }),
    }
}

/// A check is about no track.
#[must_use]
pub fn no_track() -> TrackId {
    TrackId::from_bytes([0; 32])
}

/// INFO of a node that has nothing and listens for nobody.
#[must_use]
pub fn info() -> Frame<'static> {
    Frame::Info(Info {
        listen_port: 0,
        complete: false,
        has_manifest: false,
        addresses: Vec::new(),
        bitfield: Vec::new(),
    })
}

/// The code of a refusal for a dialler of whom nothing has arrived: what it sent, if anything, is lost on the way.
pub const NOTHING_ARRIVED: RefusalCode = RefusalCode::Other(0x40);

/// A HELLO of role 3 with a nonce of its own.
#[must_use]
pub fn hello(secret: &Secret, key: &SwarmKey, number: u64) -> Hello {
    let (mut nonce, mut node) = ([0; 16], [0; 8]);
    secret.fill("dialler's nonce", number, &mut nonce);
    secret.fill("node id", 0, &mut node);
    Hello {
        role: Role::Check,
        track: no_track(),
        key_id: key.id(),
        nonce: Nonce(nonce),
        node: NodeId(node),
        chunk_size: None,
        chunk_count: None,
    }
}

struct Talk<'a> {
    wire: Wire,
    secret: &'a Secret,
    end: Instant,
}

impl Talk<'_> {
    fn measure(&mut self, outcome: &mut Outcome) -> Result<(), Trouble> {
        self.shake_hands()?;
        outcome.round_trip = Some(self.echoes()?);
        outcome.there = Some(self.send_data()?);
        outcome.back = Some(self.fetch_data()?);
        Ok(())
    }

    fn shake_hands(&mut self) -> Result<(), Trouble> {
        let key = SwarmKey::OPEN;
        let hello = hello(self.secret, &key, 0);
        let welcome = match greet(&mut self.wire, &hello)? {
            Answer::Welcome(welcome) => welcome,
            Answer::Refusal(refusal) => return Err(of_refusal(refusal)),
        };
        let proof = |side| key.proof(side, hello.nonce, welcome.nonce, no_track());
        if !welcome.proof.is(&proof(Side::Acceptor)) {
            return Err(Trouble::WrongBytes(None));
        }
        let answer = [Frame::Proof(proof(Side::Dialler)), info()];
        let sent = self.wire.say_frames(&answer);
        sent.map_err(|error| cut(&error))?;
        match self.wire.read_frame() {
            Ok(Ok(Frame::Info(_))) => Ok(()),
            Ok(Ok(Frame::Refuse(refusal))) => Err(match refusal.code {
                // It does not believe a proof that is right.
                RefusalCode::WrongKey => Trouble::WrongBytes(Some(Way::There)),
                _ => of_refusal(refusal),
            }),
            Ok(_) | Err(WireError::NotAFrame(_)) => Err(Trouble::WrongBytes(Some(Way::Back))),
            Err(WireError::TimedOut) => Err(Trouble::Lost(Way::Back)),
            Err(error) => Err(cut(&error)),
        }
    }

    /// The median of their round trips.
    fn echoes(&mut self) -> Result<Duration, Trouble> {
        let mut times = Vec::with_capacity(CHECK_ECHOES);
        for number in 0..CHECK_ECHOES as u64 {
            let mut bytes = [0; CHECK_ECHO_BYTES_MAX];
            self.secret.fill("echo", number, &mut bytes);
            let sent = Instant::now();
            self.say(&CheckFrame::Echo(&bytes))?;
            match self.hear()? {
                Some(CheckFrame::Echoed(echoed)) if echoed == bytes => {}
                Some(CheckFrame::Echoed(_)) => return Err(Trouble::WrongBytes(None)),
                Some(CheckFrame::Stalled { .. }) => return Err(Trouble::Lost(Way::There)),
                Some(_) => return Err(Trouble::WrongBytes(Some(Way::Back))),
                None => return Err(Trouble::Lost(Way::Back)),
            }
            times.push(sent.elapsed());
        }
        Ok(median(&mut times).unwrap_or_default())
    }

    /// Bytes a second from here to there, as the other side measured it.
    fn send_data(&mut self) -> Result<u64, Trouble> {
        let mut hasher = blake3::Hasher::new();
        let mut data = vec![0; CHECK_DATA_BYTES];
        for number in 0..u64::from(CHECK_BYTES) / CHECK_DATA_BYTES as u64 {
            self.secret.fill("data", number, &mut data);
            hasher.update(&data);
            match self.wire.send(&CheckFrame::Data(&data).encode()) {
                Ok(()) => {}
                Err(WireError::TimedOut) => return Err(self.why_nothing_is_taken()),
                Err(error) => return Err(cut(&error)),
            }
        }
        let checksum = *hasher.finalize().as_bytes();
        self.say(&CheckFrame::End { checksum })?;
        // Up to all of it may still be on its way.
        self.wire.wait_at_most(CHECK_RECEIPT_DEADLINE);
        let heard = self.hear()?;
        let rate = match heard {
            Some(CheckFrame::Received(got)) if got.bytes == CHECK_BYTES => {
                match got.checksum == checksum {
                    true => rate(got.bytes.into(), Duration::from_micros(got.micros.into())),
                    false => return Err(Trouble::WrongBytes(Some(Way::There))),
                }
            }
            Some(CheckFrame::Stalled { bytes }) => return Err(stopped(Way::There, bytes.into())),
            Some(CheckFrame::Received(_)) => return Err(Trouble::WrongBytes(Some(Way::There))),
            Some(_) => return Err(Trouble::WrongBytes(Some(Way::Back))),
            None => return Err(Trouble::Lost(Way::Back)),
        };
        self.wire.wait_at_most(CHECK_STEP);
        Ok(rate)
    }

    /// The other side has most likely said how much arrived: that is small, and comes the other way.
    fn why_nothing_is_taken(&mut self) -> Trouble {
        self.wire.wait_at_most(Duration::from_secs(1));
        match self.hear() {
            Ok(Some(CheckFrame::Stalled { bytes })) => stopped(Way::There, bytes.into()),
            _ => Trouble::Lost(Way::There),
        }
    }

    /// Bytes a second from there to here.
    fn fetch_data(&mut self) -> Result<u64, Trouble> {
        let before = self.wire.bytes_read();
        self.say(&CheckFrame::Send { bytes: CHECK_BYTES })?;
        let mut hasher = blake3::Hasher::new();
        let (mut bytes, mut began) = (0_u64, None);
        loop {
            match self.hear()? {
                Some(CheckFrame::Data(data)) => {
                    began.get_or_insert_with(Instant::now);
                    hasher.update(data);
                    bytes += data.len() as u64;
                    if bytes > CHECK_BYTES.into() {
                        return Err(Trouble::WrongBytes(Some(Way::Back)));
                    }
                }
                Some(CheckFrame::End { checksum }) => {
                    let right = *hasher.finalize().as_bytes() == checksum;
                    return match right && bytes == u64::from(CHECK_BYTES) {
                        true => Ok(rate(bytes, began.map_or(Duration::ZERO, |b| b.elapsed()))),
                        false => Err(Trouble::WrongBytes(Some(Way::Back))),
                    };
                }
                Some(CheckFrame::Stalled { .. }) => return Err(Trouble::Lost(Way::There)),
                Some(_) => return Err(Trouble::WrongBytes(Some(Way::Back))),
                None => {
                    let arrived = self.wire.bytes_read() - before;
                    let bytes = u32::try_from(arrived).unwrap_or(u32::MAX);
                    // For the other side's terminal; small enough to arrive.
                    let _gone = self.wire.say(&CheckFrame::Stalled { bytes });
                    return Err(stopped(Way::Back, arrived));
                }
            }
        }
    }

    fn say(&mut self, frame: &CheckFrame) -> Result<(), Trouble> {
        self.wire.say(frame).map_err(|error| match error {
            WireError::TimedOut => Trouble::Lost(Way::There),
            error => cut(&error),
        })
    }

    /// The next frame; `None` when nothing came in time.
    fn hear(&mut self) -> Result<Option<CheckFrame<'_>>, Trouble> {
        let late = Instant::now() >= self.end;
        match self.wire.read() {
            Ok((kind, body)) => CheckFrame::decode(kind, body)
                .map(Some)
                .ok_or(Trouble::WrongBytes(Some(Way::Back))),
            Err(WireError::TimedOut) if late => Err(Trouble::TooSlow),
            Err(WireError::TimedOut) => Ok(None),
            Err(WireError::NotAFrame(_)) => Err(Trouble::WrongBytes(Some(Way::Back))),
            Err(error) => Err(cut(&error)),
        }
    }
}

/// When less than one large packet came, it is the size that matters.
fn stopped(way: Way, bytes: u64) -> Trouble {
    match bytes < CHECK_LARGE_PACKET_BYTES {
        true => Trouble::LargeLost(way),
        false => Trouble::Stopped { way, bytes },
    }
}

fn cut(error: &WireError) -> Trouble {
    match error {
        WireError::Gone(how) => Trouble::Cut(how.clone()),
        WireError::TimedOut => Trouble::Lost(Way::There),
        WireError::NotAFrame(_) => Trouble::WrongBytes(Some(Way::Back)),
    }
}

#[must_use]
pub fn of_dialling(error: &DialError) -> Trouble {
    let words = || match error {
        DialError::Unreachable { source, .. }
        | DialError::Forbidden { source, .. }
        | DialError::Other { source, .. } => crate::sys::dial::plain(source),
        other => other.to_string(),
    };
    match error {
        DialError::NameNotFound { .. } => Trouble::NoSuchName,
        DialError::NameTimedOut { .. } => Trouble::NameTimedOut,
        DialError::Refused { .. } => Trouble::Refused,
        DialError::TimedOut { .. } => Trouble::TimedOut,
        DialError::Unreachable { .. } => Trouble::Unreachable(words()),
        DialError::Forbidden { .. } => Trouble::Forbidden(words()),
        DialError::Other { .. } => Trouble::CannotDial(words()),
    }
}

fn of_refusal(refusal: Refusal) -> Trouble {
    match refusal.code {
        RefusalCode::Version => Trouble::Version,
        NOTHING_ARRIVED => Trouble::Lost(Way::There),
        _ => Trouble::NoChecks {
            why: clean_display_text(&refusal.text, SERVER_TEXT_CHARS_MAX).unwrap_or_default(),
        },
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}
