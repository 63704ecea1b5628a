//! Rooms full of clients: lets them come, press play, and hear what follows.

use crate::Outcome;
use crate::client::{Intake, Opening};
use crate::crowd::{ClientId, Crowd};
use crate::frame;
use crate::guests::{Guests, Role, Round};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a crowd may take to join before the measurement is given up.
pub const JOIN_PATIENCE: Duration = Duration::from_secs(30);

/// How long a STATE may take to reach everybody.
pub const STATE_PATIENCE: Duration = Duration::from_secs(5);

pub struct Party {
    pub crowd: Crowd,
    address: SocketAddr,
    guests: Guests,
}

impl Party {
    /// # Errors
    /// When the system gives no epoll.
    pub fn new(address: SocketAddr) -> Outcome<Self> {
        Ok(Self {
            crowd: Crowd::new(address)?,
            address,
            guests: Guests::default(),
        })
    }

    /// Begins to connect so many clients to a room, all at once.
    ///
    /// # Errors
    /// When the system gives no sockets.
    pub fn dial(
        &mut self,
        room: &str,
        role: Role,
        count: usize,
        intake: Intake,
    ) -> io::Result<Vec<ClientId>> {
        let hello = match role {
            Role::Host => r#"{"type":"HELLO","role":"host"}"#,
            Role::Viewer => r#"{"type":"HELLO","role":"viewer"}"#,
        };
        let opening = Opening::new(self.address, room, hello);
        let mut ids = Vec::with_capacity(count);
        for _ in 0..count {
            ids.push(self.crowd.dial(&opening, intake)?);
            self.guests.invite(room, role);
        }
        Ok(ids)
    }

    /// A room with a host and so many viewers, all of them joined.
    ///
    /// # Errors
    /// When somebody does not get in.
    pub fn gather(&mut self, room: &str, viewers: usize) -> Outcome<ClientId> {
        let host = self.dial(room, Role::Host, 1, Intake::Usual)?[0];
        self.wait_until_joined()?;
        // In portions, so that no server's backlog matters here.
        const PORTION: usize = 250;
        let mut left = viewers;
        while left > 0 {
            let count = left.min(PORTION);
            self.dial(room, Role::Viewer, count, Intake::Usual)?;
            self.wait_until_joined()?;
            left -= count;
        }
        Ok(host)
    }

    /// Waits until everybody who was dialled has STATE and PEER.
    ///
    /// # Errors
    /// When that takes too long, or somebody is refused.
    pub fn wait_until_joined(&mut self) -> Outcome<()> {
        let deadline = Instant::now() + JOIN_PATIENCE;
        while self.guests.outside() > 0 {
            self.look_soon()?;
            let lost = self.guests.turned_away();
            if lost > 0 {
                return Err(format!("{lost} clients were not let in").into());
            }
            if Instant::now() >= deadline {
                return Err(format!("{} clients still outside", self.guests.outside()).into());
            }
        }
        Ok(())
    }

    /// Who is here, and what they have heard.
    #[must_use]
    pub fn guests(&self) -> &Guests {
        &self.guests
    }

    /// From now on this member reads nothing, and nobody waits for it.
    ///
    /// # Errors
    /// When epoll fails.
    pub fn stall(&mut self, id: ClientId) -> io::Result<()> {
        self.guests.forget(id);
        self.crowd.stop_reading(id)
    }

    /// The members leave, without a word.
    pub fn hang_up(&mut self, ids: &[ClientId]) {
        for &id in ids {
            self.guests.forget(id);
            self.crowd.hang_up(id);
        }
    }

    /// One member sends another a blob of so many bytes.
    pub fn signal(&mut self, from: ClientId, to: ClientId, blob_bytes: usize) {
        let to = self.guests.peer_id(to).unwrap_or_default();
        let blob = "x".repeat(blob_bytes);
        let text = format!(r#"{{"type":"SIGNAL","to":"{to}","blob":"{blob}"}}"#);
        self.crowd.send(from, &frame::text(&text));
    }

    /// The hosts press play in the same moment; what follows is the next round.
    pub fn play(&mut self, hosts: &[ClientId]) {
        let play = frame::text(&self.guests.begin_round());
        for &host in hosts {
            self.crowd.send(host, &play);
        }
    }

    /// Waits until everybody has this round's STATE, or the time is over.
    ///
    /// While STATEs are on their way nothing is read, only counted: on a machine of two cores reading would cost
    /// a server with several threads about half of its speed. The kernel noted when each STATE came.
    ///
    /// # Errors
    /// When a room says what it must not.
    pub fn finish_round(&mut self, patience: Duration) -> Outcome<Round> {
        const CALM: Duration = Duration::from_millis(50);
        let deadline = Instant::now() + patience;
        let mut ready = 0;
        let mut ready_since = Instant::now();
        while self.is_round_open() && Instant::now() < deadline {
            std::thread::sleep(MOMENT);
            let ready_now = self.crowd.collect(Duration::ZERO)?;
            if ready_now > ready {
                (ready, ready_since) = (ready_now, Instant::now());
            }
            if ready >= self.guests.awaited() || ready_since.elapsed() > CALM {
                self.handle();
                ready = 0;
            }
        }
        self.handle();
        self.end_round()
    }

    #[must_use]
    pub fn is_round_open(&self) -> bool {
        self.guests.awaited() > 0
    }

    /// What this round has come to.
    ///
    /// # Errors
    /// When a room said what it must not.
    pub fn end_round(&mut self) -> Outcome<Round> {
        self.guests.end_round()
    }

    /// Lets so much time go by, while pings are answered.
    ///
    /// # Errors
    /// When epoll fails.
    pub fn idle(&mut self, time: Duration) -> Outcome<()> {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            self.pump_until(deadline)?;
        }
        Ok(())
    }

    /// Handles what has happened in the next moment. While much is on its way this is better than to wait for
    /// each bit of it: being woken costs more than a message, and the server's thread pays for it.
    ///
    /// # Errors
    /// When epoll fails.
    pub fn look_soon(&mut self) -> Outcome<bool> {
        std::thread::sleep(MOMENT);
        self.pump_until(Instant::now())
    }

    /// Handles what has happened, and waits for it no longer than until then; whether anything had.
    ///
    /// # Errors
    /// When epoll fails.
    pub fn pump_until(&mut self, deadline: Instant) -> Outcome<bool> {
        let wait = deadline.saturating_duration_since(Instant::now());
        let ready = self.crowd.collect(wait)?;
        self.handle();
        Ok(ready > 0)
    }

    fn handle(&mut self) {
        let guests = &mut self.guests;
        self.crowd.handle(&mut |id, event| guests.note(id, event));
    }
}

/// Between two looks at what has come.
const MOMENT: Duration = Duration::from_micros(200);
