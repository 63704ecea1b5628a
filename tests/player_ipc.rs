//! The lines of mpv's protocol: what is sent, and what is made of what comes, however it is cut.

use jam::limits::PLAYER_LINE_BYTES_MAX;
use jam::player::ipc::{Answer, Command, Lines, Said, TooLong, parse};

/// As mpv 0.35 says it.
const SAID: &str = concat!(
    r#"{"data":{"playlist_entry_id":1},"request_id":2,"error":"success"}"#,
    "\n",
    r#"{"event":"start-file","playlist_entry_id":1}"#,
    "\n",
    r#"{"event":"audio-reconfig"}"#,
    "\n",
    r#"{"event":"playback-restart"}"#,
    "\n",
    r#"{"data":12.345000,"request_id":3,"error":"success"}"#,
    "\n",
    r#"{"request_id":4,"error":"property unavailable"}"#,
    "\n",
    r#"{"event":"end-file","reason":"error","playlist_entry_id":1,"file_error":"loading failed"}"#,
    "\n",
    r#"{"event":"end-file","reason":"stop","playlist_entry_id":2}"#,
    "\n",
);

fn expected() -> Vec<Said> {
    let reply = |request, result| Said::Reply { request, result };
    vec![
        reply(2, Ok(Answer::Entry(1))),
        Said::Started { entry: 1 },
        Said::Other,
        Said::Restarted,
        reply(3, Ok(Answer::Number(12.345))),
        reply(4, Err("property unavailable".into())),
        Said::Ended {
            entry: Some(1),
            error: Some("loading failed".into()),
        },
        Said::Ended {
            entry: Some(2),
            error: None,
        },
    ]
}

fn drain(lines: &mut Lines) -> Vec<Said> {
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().expect("short lines") {
        said.push(parse(&line).expect("lines of mpv"));
    }
    said
}

#[test]
fn the_same_is_heard_however_the_bytes_are_cut() {
    for cut in 0..=SAID.len() {
        let (first, second) = SAID.as_bytes().split_at(cut);
        let mut lines = Lines::default();
        lines.push(first);
        let mut said = drain(&mut lines);
        lines.push(second);
        said.extend(drain(&mut lines));
        assert_eq!(said, expected(), "cut at {cut}");
    }
    let mut lines = Lines::default();
    let mut said = Vec::new();
    for &byte in SAID.as_bytes() {
        lines.push(&[byte]);
        said.extend(drain(&mut lines));
    }
    assert_eq!(said, expected());
}

#[test]
fn what_is_no_line_of_mpv_is_refused_and_the_next_one_is_heard() {
    for line in [
        "",
        "{",
        "null",
        "[]",
        "7",
        "mpv: command not found",
        r#"{"request_id":1}"#,
        r#"{"error":"success"}"#,
        r#"{"request_id":-1,"error":"success"}"#,
        r#"{"event":"start-file"}"#,
        r#"{"event":7}"#,
        "\u{1b}[31mred",
    ] {
        let malformed = parse(line.as_bytes()).expect_err(line);
        assert!(!malformed.0.contains('\u{1b}'), "{malformed:?}");
        let mut lines = Lines::default();
        lines.push(format!("{line}\n{SAID}").as_bytes());
        assert_eq!(
            lines.next_line(),
            Ok(Some(line.as_bytes().to_vec())),
            "{line}"
        );
        assert_eq!(drain(&mut lines), expected());
    }
    // A file's name need not be UTF-8.
    let odd = b"{\"event\":\"file-loaded\",\"name\":\"\xff\xfe\"}";
    assert_eq!(parse(odd), Ok(Said::Other));
}

#[test]
fn a_line_has_no_more_memory_than_it_needs() {
    let mut lines = Lines::default();
    lines.push(&[b'\n'; PLAYER_LINE_BYTES_MAX]);
    let mut memory = 0;
    while let Some(line) = lines.next_line().expect("short lines") {
        memory += line.capacity();
    }
    assert_eq!(memory, 0, "all that came behind a line was its own, too");
}

#[test]
fn a_line_is_bounded_with_and_without_an_end() {
    let long = vec![b'x'; PLAYER_LINE_BYTES_MAX];
    let mut lines = Lines::default();
    lines.push(&long);
    assert_eq!(lines.next_line(), Ok(None));
    lines.push(b"\n");
    assert_eq!(
        lines.next_line().map(|line| line.map(|l| l.len())),
        Ok(Some(long.len()))
    );
    lines.push(&long);
    assert_eq!(lines.next_line(), Ok(None));
    lines.push(b"x");
    assert_eq!(lines.next_line(), Err(TooLong));
    lines.push(b"\n");
    assert_eq!(lines.next_line(), Err(TooLong));
}

#[test]
fn noise_is_never_more_than_refused() {
    let mut random = 7_u64;
    for _ in 0..2000 {
        let mut line = SAID.lines().next().expect("a line").as_bytes().to_vec();
        for _ in 0..3 {
            random = random
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let at = (random >> 33) as usize % line.len();
            line[at] = (random >> 24) as u8;
        }
        let _refused = parse(&line);
    }
}

#[test]
fn commands_are_lines_with_their_number() {
    let load = Command::Load {
        source: "/tmp/a \"quoted\"\nname.flac".into(),
        offset_sec: 12.3456789,
    };
    for (command, line) in [
        (
            load,
            "{\"command\":{\"name\":\"loadfile\",\"url\":\"/tmp/a \\\"quoted\\\"\\nname.flac\",\
             \"flags\":\"replace\",\"options\":{\"start\":\"12.345679\"}},\"request_id\":7}\n",
        ),
        (
            Command::Pause(false),
            "{\"command\":[\"set_property\",\"pause\",false],\"request_id\":7}\n",
        ),
        (
            Command::Speed(1.002),
            "{\"command\":[\"set_property\",\"speed\",1.002],\"request_id\":7}\n",
        ),
        (Command::Stop, "{\"command\":[\"stop\"],\"request_id\":7}\n"),
        (
            Command::Position,
            "{\"command\":[\"get_property\",\"audio-pts\"],\"request_id\":7}\n",
        ),
    ] {
        assert_eq!(command.encode(7), line);
    }
}
