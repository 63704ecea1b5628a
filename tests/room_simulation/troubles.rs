//! What befalls those in a simulated room, carried out.

use super::plan::Act;
use super::world::{Down, Up, What, World};
use jam::limits::SILENCE;

/// A player that died is back after this.
const PLAYER_BACK_SEC: f64 = 0.4;

impl World {
    pub fn act(&mut self, act: Act) {
        let now = self.now;
        self.note(|| format!("{act:?}"));
        match act {
            Act::Host(deed) => {
                let host = &self.listeners[0];
                if host.joined && !host.machine.is_deaf(now) {
                    self.listeners[0]
                        .deed(now, deed)
                        .into_iter()
                        .for_each(|text| self.say(0, Up::Text(text)));
                }
            }
            Act::Block { who, sec } => {
                let listener = &mut self.listeners[who];
                listener.machine.block(now + sec);
                self.trouble(who, now + sec, 0.0);
            }
            Act::Sleep {
                who,
                sec,
                clock_stands,
            } => {
                if self.listeners[who].present && self.listeners[who].sleep(now, sec, clock_stands)
                {
                    self.trouble(who, now + sec, self.reconnects_within(who) + 3.0);
                }
            }
            Act::Cut { who, noticed } => self.cut(who, noticed),
            Act::Away { who, sec, goodbye } => self.go_away(who, sec, goodbye),
            Act::PlayerDies { who, deck } => {
                if self.listeners[who].present && self.listeners[who].players[deck].alive {
                    self.listeners[who].players[deck] = Default::default();
                    self.listeners[who].follower.down(deck);
                    let life = self.lives[who];
                    self.at(now + PLAYER_BACK_SEC, What::PlayerBack { who, deck, life });
                    self.trouble(who, now + PLAYER_BACK_SEC, 0.0);
                }
            }
            Act::Kill { sec, step_sec } => {
                if self.server.room.is_none() {
                    return;
                }
                self.server.kill(self.now);
                self.waits(false);
                self.room_turn += 1;
                for index in 0..self.connections.len() {
                    if !std::mem::replace(&mut self.connections[index].ended, true) {
                        self.tell(index, Down::Closed);
                    }
                }
                self.at(now + sec, What::ServerBack { step_sec });
                for who in 0..self.listeners.len() {
                    let back_within = 2.5 * sec + self.reconnects_within(who);
                    self.trouble(who, now + sec, back_within);
                }
            }
        }
    }

    fn cut(&mut self, who: usize, noticed: bool) {
        let Some(connection) = self.listeners[who].connection else {
            return;
        };
        let silence = if noticed {
            0.0
        } else {
            2.0 * SILENCE.as_secs_f64() + 2.0
        };
        self.connections[connection].cut = true;
        if noticed {
            self.tell(connection, Down::Closed);
        }
        let back_within = silence + self.reconnects_within(who);
        self.trouble(who, self.now, back_within);
    }

    fn go_away(&mut self, who: usize, sec: f64, goodbye: bool) {
        let listener = &self.listeners[who];
        if !listener.present || listener.machine.is_deaf(self.now) {
            return;
        }
        match listener.connection {
            Some(_) if goodbye => self.say(who, Up::Goodbye),
            Some(connection) => self.connections[connection].cut = true,
            None => {}
        }
        self.listeners[who].restart();
        self.lives[who] += 1;
        self.turns[who] += 1;
        self.at(self.now + sec, What::Comes { who });
        let back_within = self.reconnects_within(who);
        self.trouble(who, self.now + sec, back_within);
    }

    /// A connection that was lost is there again, at the latest. The host has to wait until the server has noticed that
    /// its old connection is dead, and doubles its pauses meanwhile.
    fn reconnects_within(&self, who: usize) -> f64 {
        let pauses = if who == 0 { 36.0 } else { 13.0 };
        pauses + 8.0 * self.plan.members[who].rtt_max_sec()
    }
}
