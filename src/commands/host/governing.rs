//! What it means for who stays when a room tells who may do what, and what it takes to join.

use super::desk::Effect;
use super::lock::LockNews;
use super::stay::Room;
use crate::client::messages::Rights;
use crate::client::outgoing;

impl Room<'_> {
    pub(super) fn hear_rights(&mut self, rights: Rights) {
        let before = std::mem::take(&mut self.party.seat);
        let lock_news = self.party.hear_rights(rights);
        let seat = &self.party.seat;
        if seat.mine {
            // Handed over later, it is not taken back.
            self.waiting = false;
        }
        if seat.mine && !before.mine {
            self.company.offer_again();
            self.say("you host this room now".to_owned());
        } else if before.mine
            && !seat.mine
            && let Some(host) = &seat.host
        {
            self.say(format!("{host} hosts this room now"));
        }
        if self.waiting && self.party.seat_is_free() {
            self.carry_out(Effect::Say(outgoing::take_seat()));
        }
        if let Some(news) = lock_news {
            self.hear_lock(news);
        }
    }

    fn hear_lock(&mut self, news: LockNews) {
        let lock = &self.party.lock;
        // The key that we joined with would be a wrong one now, and count as an attempt.
        self.company.link().remember_room_key(lock.key().cloned());
        let words = match (news, lock.locked, lock.key()) {
            (_, false, _) => "joining takes no key any more",
            (LockNews::Ours, true, Some(_)) => "who joins needs the new key; who is here stays",
            (LockNews::Ours, true, None) => "who joins needs the server's key again",
            (LockNews::Anothers, true, _) => {
                "the host has set another key: you stay, and need it to come back"
            }
        };
        self.say(words.to_owned());
    }

    /// What the room says against something that we said.
    pub(super) fn hear_refusal(&mut self, why: &str) {
        self.party.lock.hear_refusal(why);
        self.say(format!("the room says: {why}"));
    }
}
