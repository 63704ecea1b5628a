//! Why the server ends a connection, and what it says then.

/// Why the server ends a connection, as close code and reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloseReason {
    Stopping,
    TextOnly,
    HelloTimeout,
    ExpectedHello,
    InvalidHello,
    InvalidRole,
    HostTaken,
    /// The same member is back, with its token, on another connection.
    CameBack,
    Removed,
    RoomKeyNeeded,
    WrongRoomKey,
    HostKeyNeeded,
    WrongHostKey,
    /// Of trying keys, from one address.
    TooManyAttempts,
    TooBig,
    SignalTooBig,
    TooManyMessages,
    TooManyBytes,
    TooManyFragments,
    MessageTimeout,
    RoomFull,
    TooManyRooms,
    TooManyRoomsOfAddress,
    BadWebSocket,
    NotUtf8,
}

impl CloseReason {
    #[must_use]
    pub fn code_and_text(self) -> (u16, &'static str) {
        match self {
            Self::Stopping => (1001, "Server is stopping"),
            Self::BadWebSocket => (1002, "Not a valid WebSocket frame"),
            Self::TextOnly => (1003, "Text messages only"),
            Self::NotUtf8 => (1007, "Not UTF-8"),
            Self::HelloTimeout => (1008, "HELLO timeout"),
            Self::ExpectedHello => (1008, "Expected HELLO"),
            Self::InvalidHello => (1008, "Invalid HELLO"),
            Self::InvalidRole => (1008, "Invalid role"),
            Self::HostTaken => (1008, "Host already assigned"),
            Self::CameBack => (1008, "Came back on another connection"),
            Self::Removed => (1008, "Removed by the host"),
            Self::RoomKeyNeeded => (1008, "Room key needed"),
            Self::WrongRoomKey => (1008, "Wrong room key"),
            Self::HostKeyNeeded => (1008, "Host key needed"),
            Self::WrongHostKey => (1008, "Wrong host key"),
            Self::TooManyAttempts => (1008, "Too many attempts"),
            Self::TooBig => (1009, "Message is over 65536 bytes"),
            Self::TooManyMessages => (1008, "Too many messages"),
            Self::TooManyBytes => (1008, "Too many bytes"),
            Self::TooManyFragments => (1008, "Too many fragments"),
            Self::MessageTimeout => (1008, "Message timeout"),
            Self::SignalTooBig => (1009, "Message is over 262144 bytes"),
            Self::RoomFull => (1013, "Room is full"),
            Self::TooManyRooms => (1013, "Too many rooms"),
            Self::TooManyRoomsOfAddress => (1013, "Too many rooms from your address"),
        }
    }
}

const _: () = assert!(crate::limits::ROOM_MESSAGE_BYTES_MAX == 65536);
const _: () = assert!(crate::limits::SIGNAL_BYTES_MAX == 262_144);
