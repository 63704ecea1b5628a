//! The ways between listeners and server, and what a server does with what comes and goes on them.
//!
//! A way is a TCP connection: what is said arrives late, never out of order and never half; what is lost comes later and
//! holds up what is behind it, or the connection ends.

use super::plan::between;
use super::world::{Down, Up, What, World};
use jam::limits::SILENCE;
use jam::room::event::Output;
use jam::room::members::MemberId;
use jam::room::message::ServerMessage;

/// A packet that was lost is sent again after this and a round trip.
const AGAIN_SEC: f64 = 0.2;

impl World {
    pub fn say(&mut self, who: usize, up: Up) {
        let Some(connection) = self.listeners[who].connection else {
            return;
        };
        let delay = self.delay(who, self.listeners[who].traits.up_sec);
        let way = &mut self.connections[connection];
        way.up_free_at = (self.now + delay).max(way.up_free_at);
        let at = way.up_free_at;
        self.at(at, What::Up { connection, up });
    }

    pub fn tell(&mut self, connection: usize, down: Down) {
        let who = self.connections[connection].who;
        let delay = self.delay(who, self.listeners[who].traits.down_sec);
        let way = &mut self.connections[connection];
        way.down_free_at = (self.now + delay).max(way.down_free_at);
        way.on_the_way += 1;
        let arrived = way.down_free_at;
        if arrived > self.now + self.plan.members[who].rtt_max_sec() + AGAIN_SEC / 2.0 {
            self.watch.stalled(who, arrived);
        }
        self.at(
            arrived,
            What::Down {
                connection,
                down,
                arrived,
            },
        );
    }

    /// One way, this time.
    fn delay(&mut self, who: usize, base_sec: f64) -> f64 {
        let traits = &self.plan.members[who];
        let (jitter, rtt) = (traits.jitter_sec, traits.rtt_max_sec());
        let lost_one_in = traits.lost_one_in;
        let random = &mut self.listeners[who].random;
        let mut delay = base_sec + between(random, 0.0, jitter);
        if lost_one_in > 0 && random.one_in(lost_one_in) {
            delay += AGAIN_SEC + rtt;
            if random.one_in(4) {
                delay += 2.0 * (AGAIN_SEC + rtt);
            }
        }
        delay
    }

    // ---- the server ------------------------------------------------------------------------------

    pub fn arrives(&mut self, connection: usize, up: Up) {
        let way = &mut self.connections[connection];
        if way.cut {
            return;
        }
        if way.ended || self.server.room.is_none() {
            way.ended = true;
            return self.tell(connection, Down::Closed);
        }
        way.server_heard_at = self.now;
        let member = MemberId(connection as u64);
        let outputs = match up {
            Up::Clock { t0 } => {
                let busy = between(&mut self.random, 0.0, 0.000_1);
                let t1 = self.server.stamp(self.now);
                let t2 = self.server.stamp(self.now + busy);
                return self.tell(connection, Down::Clock { t0, t1, t2 });
            }
            Up::Hello(text) => self.server.hello(self.now, member, &text),
            Up::Text(text) => {
                let who = way.who;
                self.note(|| format!("{who} says {text}"));
                if who == 0 && !text.contains("REPORT") {
                    self.host_pressed_at = self.now;
                    self.host_presses += 1;
                }
                self.server.say(self.now, member, &text)
            }
            Up::Goodbye => {
                way.ended = true;
                self.server.leave(self.now, member)
            }
        };
        self.carry_out(outputs);
    }

    pub fn carry_out(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Admit { member, wants } => {
                    self.connections[member.0 as usize].wants = Some(wants);
                }
                Output::Refuse { member, reason } => {
                    self.note(|| format!("refused: {reason:?}"));
                    self.connections[member.0 as usize].ended = true;
                    self.tell(member.0 as usize, Down::Closed);
                }
                Output::Send { to, message } => {
                    let down = Down::Text(message.encode().into(), message.kind());
                    self.tell(to.0 as usize, down);
                }
                Output::Broadcast { message, except } => {
                    if let ServerMessage::Waiting { track_id, .. } = &message {
                        self.waits(track_id.is_some());
                    }
                    let down = Down::Text(message.encode().into(), message.kind());
                    for index in 0..self.connections.len() {
                        let way = &self.connections[index];
                        let receives = way.wants.is_some_and(|w| w.receives(message.kind()));
                        if receives && !way.ended && !except.contains(&MemberId(index as u64)) {
                            self.tell(index, down.clone());
                        }
                    }
                }
                Output::End { member, reason } => {
                    self.note(|| format!("ended: {reason:?}"));
                    self.connections[member.0 as usize].ended = true;
                    self.tell(member.0 as usize, Down::Closed);
                }
                Output::DialBack { .. } | Output::Want(_) => unreachable!("there are no nodes"),
            }
        }
        self.compare_state();
        let Some(at) = self.server.wakes_at() else {
            return;
        };
        // A busy machine has its threads wait.
        let late_max = if self.random.one_in(20) { 0.08 } else { 0.001 };
        let late = between(&mut self.random, 0.0, late_max);
        self.room_turn += 1;
        let what = What::RoomTurn(self.room_turn);
        self.at(at.max(self.now) + late, what);
    }

    /// Whoever has not been heard for long enough has left.
    pub fn drop_silent(&mut self) {
        for index in 0..self.connections.len() {
            let way = &mut self.connections[index];
            let silent_sec = self.now - way.server_heard_at;
            if way.ended || silent_sec <= 2.0 * SILENCE.as_secs_f64() {
                continue;
            }
            way.ended = true;
            self.tell(index, Down::Closed);
            let outputs = self.server.leave(self.now, MemberId(index as u64));
            self.carry_out(outputs);
        }
    }
}
