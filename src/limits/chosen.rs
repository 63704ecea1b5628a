//! The limits of a server that its flags change, and what they are unless told otherwise.
//!
//! A table in the README shows them; a test compares it with these and with `jam server --help`.

use super::{
    CONNECTIONS_PER_ADDRESS_MIN, MEMBERS_MAX, MESSAGE_BYTES_PER_SEC, MESSAGES_PER_SEC, ROOMS_MAX,
    ROOMS_PER_ADDRESS_MAX, UPLOADS_MAX,
};

/// How much of everything a server takes, beside its connections and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// `None`: a share of all connections.
    pub connections_per_address: Option<usize>,
    pub rooms: usize,
    pub rooms_per_address: usize,
    /// In one room.
    pub members: usize,
    /// From one member, for as long as it likes; four times as many at once.
    pub messages_per_sec: u32,
    pub message_bytes_per_sec: u64,
    pub uploads: usize,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections_per_address: None,
            rooms: ROOMS_MAX,
            rooms_per_address: ROOMS_PER_ADDRESS_MAX,
            members: MEMBERS_MAX,
            messages_per_sec: MESSAGES_PER_SEC,
            message_bytes_per_sec: MESSAGE_BYTES_PER_SEC,
            uploads: UPLOADS_MAX,
        }
    }
}

impl ServerLimits {
    /// Of `connections` in all, how many one address may have: three quarters, so that nobody fills the table
    /// alone, but never fewer than a lecture hall needs.
    #[must_use]
    pub fn connections_of_address(&self, connections: usize) -> usize {
        let share = (connections / 4 * 3).max(CONNECTIONS_PER_ADDRESS_MIN);
        self.connections_per_address
            .unwrap_or(share)
            .min(connections)
    }

    /// Uploads at a time from one address: a quarter, so that nobody else's places are taken.
    #[must_use]
    pub fn uploads_of_address(&self) -> usize {
        self.uploads.div_ceil(4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{CONNECTIONS_MAX, UPLOADS_PER_ADDRESS_MAX};

    #[test]
    fn a_lecture_hall_behind_one_address_gets_in_and_does_not_fill_the_table() {
        let usual = ServerLimits::default();
        let share = usual.connections_of_address(CONNECTIONS_MAX);
        assert!((5000..CONNECTIONS_MAX).contains(&share), "{share}");
        assert_eq!(usual.connections_of_address(1200), 1000);
        assert_eq!(usual.connections_of_address(3), 3);
        let told = ServerLimits {
            connections_per_address: Some(5),
            ..usual
        };
        assert_eq!(told.connections_of_address(CONNECTIONS_MAX), 5);
        assert_eq!(told.connections_of_address(2), 2);
    }

    #[test]
    fn an_address_has_a_quarter_of_the_uploads_and_at_least_one() {
        let of = |uploads| {
            let limits = ServerLimits {
                uploads,
                ..ServerLimits::default()
            };
            limits.uploads_of_address()
        };
        assert_eq!(
            [1, 3, 4, 5, 16].map(of),
            [1, 1, 1, 2, UPLOADS_PER_ADDRESS_MAX]
        );
    }
}
