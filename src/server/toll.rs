//! What a member pays for what it says, at the place where its bytes come in: who says too much waits here, is told, and is
//! cut off.

use super::frame_watch::FrameWatch;
use super::outbox::{Frame, Outbox};
use crate::limits::{MESSAGE_DEADLINE, MESSAGE_FRAGMENTS_MAX};
use crate::room::close::CloseReason;
use crate::room::message::ServerMessage;
use crate::room::pace::{FRAME_COST, Pace, Rates, Verdict};
use std::sync::Arc;
use std::time::Instant;

/// One member's account.
pub struct Toll {
    outbox: Arc<Outbox>,
    pace: Pace,
    paid_at: Instant,
    watch: FrameWatch,
    /// When what is being read and not yet whole began, and what had been whole before.
    began: Option<(Instant, u64)>,
    /// Why nothing more is read.
    over: Option<CloseReason>,
}

impl Toll {
    /// `outbox`: where it is told.
    #[must_use]
    pub fn new(outbox: Arc<Outbox>, rates: Rates) -> Self {
        Self {
            outbox,
            pace: Pace::new(rates),
            paid_at: Instant::now(),
            watch: FrameWatch::default(),
            began: None,
            over: None,
        }
    }

    /// Why nothing more is to be read from this member, if that is so.
    #[must_use]
    pub fn over(&self) -> Option<CloseReason> {
        self.over
    }

    /// Pays for bytes that came in, and for the frames in them. Waits as long as it takes, a second at most.
    pub fn pay_for_bytes(&mut self, bytes: &[u8]) {
        let extra = self.watch.see(bytes);
        if self.watch.fragments() > MESSAGE_FRAGMENTS_MAX {
            self.over = Some(CloseReason::TooManyFragments);
        }
        self.note_time();
        self.pay(f64::from(extra) * FRAME_COST, bytes.len() as f64);
    }

    /// Pays for a whole message. Waits as long as it takes, half a second at most.
    pub fn pay_for_message(&mut self, cost: f64) {
        self.pay(cost, 0.0);
    }

    /// Whoever lets a message drip in holds memory, and has only so long.
    fn note_time(&mut self) {
        let rests = self.watch.rests();
        match self.began.filter(|&(_, before)| before == rests) {
            Some((began, _)) if self.watch.is_inside() => {
                if began.elapsed() >= MESSAGE_DEADLINE {
                    self.over = Some(CloseReason::MessageTimeout);
                }
            }
            _ => self.began = self.watch.is_inside().then(|| (Instant::now(), rests)),
        }
    }

    fn pay(&mut self, messages: f64, bytes: f64) {
        let now = Instant::now();
        let since_last = now - std::mem::replace(&mut self.paid_at, now);
        let wait = match self.pace.pay(since_last, messages, bytes) {
            Verdict::Wait(wait) => wait,
            Verdict::Tell(limit, wait) => {
                let error = ServerMessage::error(self.pace.complaint(limit));
                self.outbox.push(&Frame::message(&error));
                wait
            }
            Verdict::CutOff(limit) => {
                self.over = Some(limit.close_reason());
                return;
            }
        };
        if !wait.is_zero() {
            std::thread::sleep(wait);
        }
    }
}
