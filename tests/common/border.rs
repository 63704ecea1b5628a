//! Every message that a client may send, with all its fields, and for each field what is no value of it.

/// What a field takes.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Text,
    /// Without control characters, and of 256 bytes at most.
    AnyTrack,
    TrackId,
    NodeId,
    /// The name of the room that hears it.
    Room,
    OneOf,
    /// Not looked at but for being a number.
    Number,
    Offset,
    Duration,
    Milliseconds,
    /// The same, and at least 0.
    Span,
    Share,
    /// A whole number up to this.
    Whole(u32),
    Bytes,
    Indices,
    TrackIds,
    NodeIds,
    Received,
    Offer,
    ClockNumber,
    /// A key to a room or its host seat.
    Key,
    Json,
}

struct Field {
    name: &'static str,
    takes: Takes,
    /// A value that is taken.
    good: &'static str,
    /// What happens without it.
    presence: Presence,
}

#[derive(Clone, Copy, PartialEq)]
enum Presence {
    /// It may be left out, or null.
    Optional,
    /// It may be null, and has to be said.
    Nullable,
    Required,
}

use Presence::{Nullable, Optional, Required};

struct Message {
    kind: &'static str,
    fields: &'static [Field],
}

const fn field(name: &'static str, takes: Takes, good: &'static str, presence: Presence) -> Field {
    Field {
        name,
        takes,
        good,
        presence,
    }
}

const ID: &str = "\"c34b4ce12be22e3f92ade1cc20d46caed00dc006e5b423dad71487182140c8e9\"";
const NODE: &str = "\"9f86d081884c7d65\"";
const OFFER: &str = r#"{"name":"a.wav","bytes":100,"content_type":"audio/wav"}"#;

const ROOM: Field = field("room", Takes::Room, "\"a\"", Optional);
const TRACK: Field = field("track_id", Takes::TrackId, ID, Required);
const FROM: Field = field("from", Takes::Text, ID, Optional);

/// Everything but HELLO, which is answered with a close frame.
const MESSAGES: &[Message] = &[
    Message {
        kind: "PLAY",
        fields: CONTROL,
    },
    Message {
        kind: "PAUSE",
        fields: CONTROL,
    },
    Message {
        kind: "SIGNAL",
        fields: &[
            field("to", Takes::Text, "\"p1\"", Required),
            field("blob", Takes::Json, "{}", Nullable),
        ],
    },
    Message {
        kind: "ANNOUNCE",
        fields: &[
            ROOM,
            field("port", Takes::Whole(65_535), "9003", Required),
            field("total_chunks", Takes::Whole(1 << 20), "120", Optional),
            field("chunk_size", Takes::Whole(4 << 20), "4096", Optional),
            field("have_count", Takes::Whole(1 << 20), "3", Optional),
            field("node_id", Takes::NodeId, NODE, Optional),
            field("track_id", Takes::TrackId, ID, Optional),
            field("track_ids", Takes::TrackIds, "[]", Optional),
        ],
    },
    Message {
        kind: "HAVE_DELTA",
        fields: &[ROOM, field("indices", Takes::Indices, "[0]", Required)],
    },
    Message {
        kind: "LINKS",
        fields: &[
            ROOM,
            TRACK,
            field("received", Takes::Received, "[]", Optional),
            field("unreachable", Takes::NodeIds, "[]", Optional),
        ],
    },
    Message {
        kind: "REPORT",
        fields: &[
            field("status", Takes::OneOf, "\"ready\"", Optional),
            field("method", Takes::OneOf, "\"mpv\"", Optional),
            field("rtt_ms", Takes::Span, "1.5", Optional),
            field("error_ms", Takes::Milliseconds, "-1.5", Optional),
            field("loaded", Takes::Share, "0.5", Optional),
            field("clock_ms", Takes::Span, "1.5", Optional),
            field("track_id", Takes::AnyTrack, ID, Optional),
        ],
    },
    Message {
        kind: "ADD",
        fields: &[
            TRACK,
            field("before", Takes::TrackId, "null", Optional),
            field("offer", Takes::Offer, OFFER, Optional),
        ],
    },
    Message {
        kind: "MOVE",
        fields: &[TRACK, field("before", Takes::TrackId, "null", Optional)],
    },
    Message {
        kind: "REMOVE",
        fields: &[TRACK],
    },
    Message {
        kind: "NEXT",
        fields: &[FROM],
    },
    Message {
        kind: "PREVIOUS",
        fields: &[FROM],
    },
    Message {
        kind: "DURATION",
        fields: &[
            TRACK,
            field("duration_sec", Takes::Duration, "60", Required),
        ],
    },
    Message {
        kind: "CLOCK",
        fields: &[field("t0", Takes::ClockNumber, "1", Required)],
    },
    Message {
        kind: "TAKE_SEAT",
        fields: &[field("host_key", Takes::Key, "\"stone\"", Optional)],
    },
    Message {
        kind: "LOCK",
        fields: &[field("key", Takes::Key, "\"plum\"", Nullable)],
    },
    Message {
        kind: "HAND_OVER",
        fields: &[field("to", Takes::Text, "\"p1\"", Nullable)],
    },
    Message {
        kind: "GUESTS",
        fields: &[field("may", Takes::OneOf, "\"add\"", Required)],
    },
    Message {
        kind: "VOTE",
        fields: &[field("skip", Takes::AnyTrack, ID, Nullable)],
    },
    Message {
        kind: "KICK",
        fields: &[field("peer_id", Takes::Text, "\"p1\"", Required)],
    },
];

const CONTROL: &[Field] = &[
    field("track_id", Takes::AnyTrack, "\"t1\"", Nullable),
    field("offset_sec", Takes::Offset, "1.5", Required),
    field("timestamp", Takes::Number, "0", Optional),
];

/// No JSON at all.
const NOT_JSON: &[&str] = &[
    "NaN",
    "Infinity",
    "-Infinity",
    "nan",
    "undefined",
    "+1",
    "01",
    "1.",
    ".5",
    "0x10",
    "'a'",
    "\"a\u{1}\"",
    "\"\u{0}\"",
    "\"a\nb\"",
];

/// JSON of other kinds.
const NO_TEXT: &[&str] = &[
    "0",
    "-1.5",
    "true",
    "false",
    "[]",
    "{}",
    "[\"a\"]",
    "\"\\ud800\"",
];
const NO_NUMBER: &[&str] = &[
    "\"1\"", "\"\"", "true", "[]", "[1]", "{}", "\"NaN\"", "1e999", "-1e999",
];
const HUGE: &[&str] = &[
    "1e300",
    "18446744073709551616",
    "99999999999999999999999999999999999999",
];
const NO_ID: &[&str] = &[
    "\"\"",
    "\"t1\"",
    "\"c34b\"",
    "\"../../etc/passwd\"",
    "\"\\u0000\"",
];

impl Takes {
    /// JSON that is no value of it.
    fn wrong(self) -> Vec<String> {
        let own = |words: &[&str]| {
            words
                .iter()
                .map(|&word| word.to_owned())
                .collect::<Vec<_>>()
        };
        let all = |lists: &[&[&str]]| own(&lists.concat());
        let wrong_list = [
            "0", "\"a\"", "{}", "true", "[null]", "[true]", "[[]]", "[1e999]",
        ];
        match self {
            Self::Text => own(NO_TEXT),
            Self::AnyTrack => {
                let long = format!("\"{}\"", "x".repeat(257));
                [
                    own(NO_TEXT),
                    own(&["\"a\\u0000\"", "\"\\n\"", "\"\\u009f\""]),
                    vec![long],
                ]
                .concat()
            }
            Self::TrackId | Self::NodeId => all(&[NO_TEXT, NO_ID]),
            Self::Room => all(&[NO_TEXT, &["\"b\"", "\"\"", "\"A\""]]),
            Self::OneOf => all(&[
                NO_TEXT,
                &["\"\"", "\"READY\"", "\"none\"", "\"add\\u0000\""],
            ]),
            Self::Number => own(NO_NUMBER),
            Self::Offset => all(&[NO_NUMBER, HUGE, &["-1", "-0.001", "-1e300", "1000000001"]]),
            Self::Duration => all(&[NO_NUMBER, HUGE, &["0", "-1", "-0.0", "2592001"]]),
            Self::Milliseconds => all(&[NO_NUMBER, HUGE, &["-1e300", "-18446744073709551616"]]),
            Self::Span => all(&[NO_NUMBER, HUGE, &["-1", "-0.001"]]),
            Self::Share => all(&[NO_NUMBER, HUGE, &["-0.1", "1.01", "2"]]),
            Self::Whole(max) => {
                let more = (u64::from(max) + 1).to_string();
                let less = ["-1", "1.5", "1.0", "1e3", &more, "4294967296"];
                all(&[NO_NUMBER, HUGE, &less])
            }
            Self::Bytes => all(&[NO_NUMBER, HUGE, &["0", "-1", "1.5", "17592186044417"]]),
            Self::Indices => {
                let numbers = [
                    "[-1]",
                    "[1.5]",
                    "[1048576]",
                    "[4294967296]",
                    "[\"1\"]",
                    "[0,null]",
                ];
                [own(&wrong_list), own(&numbers)].concat()
            }
            Self::TrackIds | Self::NodeIds => {
                let many = format!(
                    "[{}]",
                    vec![if self == Self::NodeIds { NODE } else { ID }; 65].join(",")
                );
                [own(&wrong_list), own(&["[\"a\"]", "[1]"]), vec![many]].concat()
            }
            Self::Received => {
                let pairs = [
                    format!("[[{NODE}]]"),
                    format!("[[{NODE},-1]]"),
                    format!("[[{NODE},1.5]]"),
                    format!("[[{NODE},4294967296]]"),
                    format!("[[{NODE},1,2]]"),
                    "[[\"a\",1]]".into(),
                    format!("[{}]", vec![format!("[{NODE},1]"); 65].join(",")),
                ];
                [own(&wrong_list), pairs.to_vec()].concat()
            }
            Self::Offer => wrong_offers(),
            Self::ClockNumber => {
                let long = "1".repeat(33);
                [own(NO_NUMBER), vec!["null".into(), long]].concat()
            }
            Self::Key => [own(NO_TEXT), wrong_keys()].concat(),
            Self::Json => vec![format!("{}{}", "[".repeat(101), "]".repeat(101))],
        }
    }
}

const OFFER_FIELDS: [(&str, &str, Takes); 3] = [
    ("name", "\"a.wav\"", Takes::Text),
    ("bytes", "100", Takes::Bytes),
    ("content_type", "\"audio/wav\"", Takes::OneOf),
];

fn wrong_keys() -> Vec<String> {
    let long = [
        format!("\"{}\"", "k".repeat(129)),
        format!("\"{}\"", "é".repeat(65)),
    ];
    let words = ["\"\"", "\"a\\u0000\"", "\"a\\nb\"", "\"\\u0085\""];
    words.map(String::from).into_iter().chain(long).collect()
}

fn wrong_offers() -> Vec<String> {
    let mut wrong: Vec<String> = ["0", "\"a\"", "true", "[]", "[{}]", "{}"]
        .map(String::from)
        .into();
    for (name, good, takes) in OFFER_FIELDS {
        let others = OFFER_FIELDS.iter().filter(|other| other.0 != name);
        let others: Vec<String> = others
            .map(|(name, good, _)| format!("\"{name}\":{good}"))
            .collect();
        let others = others.join(",");
        wrong.push(format!("{{{others}}}"));
        wrong.push(format!("{{{others},\"{name}\":null}}"));
        wrong.push(format!("{{{others},\"{name}\":{good},\"{name}\":{good}}}"));
        let values = takes.wrong().into_iter();
        wrong.extend(values.map(|value| format!("{{{others},\"{name}\":{value}}}")));
    }
    wrong.push(r#"{"name":"\u0000\n ","bytes":1,"content_type":"audio/wav"}"#.into());
    wrong
}

/// A message that has to be refused, and the field that the refusal has to name.
#[derive(Clone, Debug)]
pub struct Wrong {
    pub text: String,
    pub field: &'static str,
}

/// The types of messages that the table has.
pub fn kinds() -> Vec<&'static str> {
    MESSAGES.iter().map(|message| message.kind).collect()
}

/// One of each.
pub fn right() -> Vec<String> {
    let whole = MESSAGES.iter().map(|message| message.with(None, ""));
    whole.collect()
}

impl Message {
    /// All its fields, but for one, and `more` behind them.
    fn with(&self, without: Option<&str>, more: &str) -> String {
        let mut text = format!("{{\"type\":\"{}\"", self.kind);
        for field in self
            .fields
            .iter()
            .filter(|field| Some(field.name) != without)
        {
            text += &format!(",\"{}\":{}", field.name, field.good);
        }
        text + more + "}"
    }
}

/// Everything wrong that can be said with one field.
pub fn wrong() -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for message in MESSAGES {
        for field in message.fields {
            let name = field.name;
            let mut add = |text| wrong.push(Wrong { text, field: name });
            let values = field.takes.wrong().into_iter();
            let values = values.chain(NOT_JSON.iter().map(|&value| value.to_owned()));
            for value in values {
                add(message.with(Some(name), &format!(",\"{name}\":{value}")));
            }
            add(message.with(None, &format!(",\"{name}\":{}", field.good)));
            if field.presence != Optional {
                add(message.with(Some(name), ""));
            }
            if field.presence == Required {
                add(message.with(Some(name), &format!(",\"{name}\":null")));
            }
        }
        let (kind, rest) = (message.kind, &message.with(None, "")[1..]);
        for text in [
            format!("{{\"type\":\"{kind}\",{rest}"),
            format!("{{\"type\":[\"{kind}\"]}}"),
            format!("{{\"type\":null,\"{kind}\":1}}"),
            format!("{{\"kind\":\"{kind}\"}}"),
            format!("{{\"type\":NaN,\"a\":\"{kind}\"}}"),
        ] {
            wrong.push(Wrong {
                text,
                field: "type",
            });
        }
    }
    wrong
}

/// HELLOs that close the connection.
pub fn wrong_hellos() -> Vec<String> {
    let own = |words: &[&str]| {
        words
            .iter()
            .map(|&word| word.to_owned())
            .collect::<Vec<_>>()
    };
    let lists = ["0", "\"WELCOME\"", "{}", "true", "[1]", "[null]", "[[]]"];
    let flags = ["0", "1", "\"true\"", "[]", "{}", "1e999"];
    let tokens = ["\"\"", "\"abc\"", "\"0B7E1C94A5D2F3867E60B1C4D8F29A35\""];
    let role = own(&[
        "0", "null", "true", "[]", "{}", "\"Host\"", "\"boss\"", "\"\"",
    ]);
    let mut hellos = vec!["{\"type\":\"HELLO\"}".to_owned()];
    for (name, values) in [
        ("role", role),
        ("display_name", own(NO_TEXT)),
        ("wants", own(&lists)),
        ("node", own(&flags)),
        ("token", [own(NO_TEXT), own(&tokens)].concat()),
        ("key", [own(NO_TEXT), wrong_keys()].concat()),
        ("host_key", [own(NO_TEXT), wrong_keys()].concat()),
    ] {
        let role = if name == "role" {
            ""
        } else {
            ",\"role\":\"viewer\""
        };
        for value in values.into_iter().chain(own(NOT_JSON)) {
            hellos.push(format!("{{\"type\":\"HELLO\"{role},\"{name}\":{value}}}"));
        }
    }
    hellos.push(r#"{"type":"HELLO","role":"viewer","role":"viewer"}"#.into());
    hellos
}
