//! A member's time in its room, which hears of the end of it whatever ends it, a bug in the member's reader too.

use super::metrics::Metrics;
use super::registry::RoomHandle;
use super::room_thread::ToRoom;
use crate::room::members::MemberId;
use std::sync::Arc;

pub struct Stay {
    pub metrics: Arc<Metrics>,
    pub room: RoomHandle,
    pub member: MemberId,
    pub said_goodbye: bool,
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.metrics.members.subtract(1);
        let _stopped = self.room.tell(ToRoom::Leave {
            member: self.member,
            properly: self.said_goodbye,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::room_handle::tests::handle;

    #[test]
    fn a_room_hears_of_the_end_of_a_member_whose_reader_a_bug_has_ended() {
        let (room, inputs) = handle();
        let metrics = Arc::<Metrics>::default();
        metrics.members.add(1);
        let stay = Stay {
            metrics: Arc::clone(&metrics),
            room,
            member: MemberId(7),
            said_goodbye: false,
        };
        let reader = std::thread::spawn(move || {
            let _ends_with_it = stay;
            panic!("on purpose, for a test");
        });
        reader.join().expect_err("a panic");
        let heard = inputs.try_recv().expect("an input");
        let is_it = |id: MemberId, properly: bool| id == MemberId(7) && !properly;
        assert!(matches!(heard, ToRoom::Leave { member, properly } if is_it(member, properly)));
        assert_eq!(metrics.members.get(), 0);
    }
}
