//! What `jam host` makes of keys, and what it shows, without a terminal.

use crate::common::screen::Screen;

use jam::cli::{Deed, Which};
use jam::client::messages::{Member, MemberReport, Members, Person, Rights, State, Track, Waiting};
use jam::commands::host::desk::{Desk, Effect, Focus, Moment, Prompt, Sound};
use jam::commands::host::keys::Key;
use jam::commands::host::party::{Idle, Party, Shows};
use jam::commands::host::screen::{Loudspeaker, Row, Sharing, View, draw, update};
use jam::commands::host::width::width;
use jam::commands::host::{report, screen};
use jam::room::rights::Guests;
use serde_json::{Value, json};

fn track(name: &str, duration_sec: f64) -> Track {
    Track {
        track_id: name.into(),
        name: format!("{name}.mp3"),
        bytes: 1,
        duration_sec: Some(duration_sec),
        added_by: Some("Ana".into()),
        ..Track::default()
    }
}

fn member(name: &str) -> Member {
    Member {
        peer_id: format!("p-{name}"),
        name: name.into(),
        is_host: name == "Ana",
        ..Member::default()
    }
}

fn rights(host: Option<&str>, guests: Guests) -> Rights {
    Rights {
        host: host.map(|name| Person {
            peer_id: format!("p-{name}"),
            name: name.into(),
        }),
        kept: None,
        guests,
        locked: false,
        lock_changes: 0,
    }
}

/// Ana, who hosts Ben and plays the second of three tracks, 10 s of 60 at room time 110.
fn party() -> Party {
    let mut party = Party::new("jam1");
    party.connected = true;
    party.me = Some("p-Ana".into());
    party.queue = vec![track("t1", 30.0), track("t2", 60.0), track("t3", 20.0)];
    party.members = Members {
        total: 2,
        listed: vec![member("Ana"), member("Ben")],
    };
    party.hear_rights(rights(Some("Ana"), Guests::Nothing));
    party.hear_state(state("t2", true, 0.0));
    party
}

fn state(track_id: &str, playing: bool, offset_sec: f64) -> State {
    State {
        track_id: Some(track_id.into()),
        playing,
        offset_sec,
        timestamp: 100.0,
    }
}

fn at(local_sec: f64) -> Moment {
    Moment {
        local_sec,
        room_sec: Some(110.0 + local_sec),
    }
}

/// What a key says to the room; nothing else may come of it.
fn said(desk: &mut Desk, party: &mut Party, key: Key, now: Moment) -> Vec<Value> {
    let effects = desk.press(key, party, now);
    let texts = effects.into_iter().map(|effect| match effect {
        Effect::Say(text) => serde_json::from_str(&text).expect("JSON"),
        other => panic!("{key:?} led to {other:?}"),
    });
    texts.collect()
}

// ---- keys ------------------------------------------------------------------------------------------

#[test]
fn each_key_says_one_thing_to_the_room() {
    let play = |id: &str, sec: f64| json!({"type": "PLAY", "track_id": id, "offset_sec": sec});
    for (key, expected) in [
        (
            Key::Char(' '),
            json!({"type": "PAUSE", "track_id": "t2", "offset_sec": 10.0}),
        ),
        (Key::Right, play("t2", 20.0)),
        (Key::Left, play("t2", 0.0)),
        (Key::Char('n'), json!({"type": "NEXT", "from": "t2"})),
        (Key::Char('p'), json!({"type": "PREVIOUS", "from": "t2"})),
        (Key::Enter, play("t2", 0.0)),
        (Key::Char('d'), json!({"type": "REMOVE", "track_id": "t2"})),
        (Key::Delete, json!({"type": "REMOVE", "track_id": "t2"})),
        (
            Key::Char('K'),
            json!({"type": "MOVE", "track_id": "t2", "before": "t1"}),
        ),
        (
            Key::Char('J'),
            json!({"type": "MOVE", "track_id": "t2", "before": null}),
        ),
        (Key::Char('g'), json!({"type": "GUESTS", "may": "add"})),
    ] {
        let (mut desk, mut party) = (Desk::default(), party());
        assert_eq!(
            said(&mut desk, &mut party, key, at(0.0)),
            [expected],
            "{key:?}"
        );
    }
}

#[test]
fn the_cursor_stays_on_its_track_when_the_queue_changes() {
    let (mut desk, mut party) = (Desk::default(), party());
    assert_eq!(desk.cursor(&party), 1, "the current track, before any key");
    desk.press(Key::Down, &mut party, at(0.0));
    assert_eq!(desk.cursor(&party), 2);
    desk.press(Key::Down, &mut party, at(0.0));
    assert_eq!(desk.cursor(&party), 2, "there is nothing behind the last");
    party.queue.insert(0, track("t0", 1.0));
    assert_eq!(desk.cursor(&party), 3);
    party.queue.pop();
    assert_eq!(
        desk.cursor(&party),
        2,
        "its track is gone, its place is not"
    );
    party.queue.clear();
    assert_eq!(desk.cursor(&party), 0);
    for key in [
        Key::Enter,
        Key::Char('d'),
        Key::Char('J'),
        Key::End,
        Key::Home,
    ] {
        assert_eq!(said(&mut desk, &mut party, key, at(0.0)), [Value::Null; 0]);
    }
}

#[test]
fn a_seek_that_is_held_adds_up_and_the_room_hears_of_it_now_and_then() {
    let (mut desk, mut party) = (Desk::default(), party());
    let mut heard = Vec::new();
    let mut last = None;
    for press in 0..20 {
        let now = at(f64::from(press) * 0.03);
        let news = said(&mut desk, &mut party, Key::Right, now);
        last = news.last().cloned().or(last);
        heard.extend(news);
    }
    assert!((3..=6).contains(&heard.len()), "{heard:?}");
    let effect = desk.tick(&mut party, at(1.0)).expect("the last one");
    let Effect::Say(text) = effect else {
        panic!("{effect:?}")
    };
    let text: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(text["offset_sec"], 60.0, "the end of the track");
    assert_eq!(desk.tick(&mut party, at(2.0)), None);
}

#[test]
fn two_quick_keys_add_up_before_the_room_has_answered() {
    let (mut desk, mut party) = (Desk::default(), party());
    desk.press(Key::Char(' '), &mut party, at(0.0));
    assert!(!party.is_playing());
    let again = said(&mut desk, &mut party, Key::Char(' '), at(0.1));
    assert_eq!(
        again,
        [json!({"type": "PLAY", "track_id": "t2", "offset_sec": 10.0})]
    );
    // The room says something else: that counts.
    party.hear_state(state("t3", false, 5.0));
    assert_eq!(party.position_sec(Some(1000.0)), 5.0);
    // What was asked for and never came is not believed for ever.
    desk.press(Key::Char(' '), &mut party, at(1.0));
    assert!(party.is_playing());
    party.look(60.0);
    assert!(!party.is_playing());
}

#[test]
fn a_time_can_be_typed_corrected_and_left() {
    let (mut desk, mut party) = (Desk::default(), party());
    let mut press = |key| said(&mut desk, &mut party, key, at(0.0));
    press(Key::Char('s'));
    for c in "0x:4q5".chars() {
        assert_eq!(press(Key::Char(c)), [Value::Null; 0]);
    }
    press(Key::Backspace);
    press(Key::Char('2'));
    let sought = press(Key::Enter);
    assert_eq!(
        sought,
        [json!({"type": "PLAY", "track_id": "t2", "offset_sec": 42.0})]
    );
    press(Key::Char('s'));
    press(Key::Char('9'));
    assert_eq!(press(Key::Escape), [Value::Null; 0]);
    assert_eq!(press(Key::Char('n')).len(), 1, "keys are keys again");
    press(Key::Char('s'));
    for c in "1:1:1:1:1:1:1:1".chars() {
        press(Key::Char(c));
    }
    assert_eq!(press(Key::Enter), [Value::Null; 0]);
    let now = at(0.0);
    assert_eq!(desk.message(now), Some("type for example 90 or 1:30"));
    assert_eq!(desk.message(at(60.0)), None, "messages go");
}

#[test]
fn a_start_that_waits_is_shown_and_s_or_space_starts_now() {
    let mut party = party();
    party.hear_state(state("t3", false, 0.0));
    let waiting = |track_id: &str| Waiting {
        track_id: track_id.into(),
        ready: 2,
        of: 3,
        until: Some(111.5),
    };
    party.waiting = Some(waiting("t3"));
    let now = json!({"type": "PLAY", "track_id": "t3", "offset_sec": 0.0});
    for key in [Key::Char('s'), Key::Char(' ')] {
        let (mut desk, mut own) = (Desk::default(), party.clone());
        let said = said(&mut desk, &mut own, key, at(0.0));
        assert_eq!(said, std::slice::from_ref(&now), "{key:?}");
        assert_eq!(desk.prompt, Prompt::None);
        assert_eq!(own.waits(), None, "it is on its way");
    }
    let line = "waiting for others: 2 of 3 ready, at most 2 s more";
    assert_eq!(
        report::state(&party, Some(110.0)),
        format!(
            "{line}  0:00 of 0:20  t3.mp3  track 3 of 3  you host  guests may only listen  2 here\n"
        )
    );
    let has = |party: &Party, text: &str| {
        let rows = shown(party, &Desk::default(), 80, 24);
        rows.iter().any(|row| row.text.contains(text))
    };
    assert!(has(&party, &format!("{line}  (s starts now)")));
    assert!(has(&party, "s start now"));
    let stop = party.order(&Deed::Pause, Some(110.0)).expect("an order");
    assert!(
        stop.text.contains("PAUSE"),
        "it can be called off: {stop:?}"
    );
    // Guests see it, and have no say.
    party.hear_rights(rights(Some("Ben"), Guests::Nothing));
    assert!(has(&party, line) && !has(&party, "starts now") && !has(&party, "start now"));
    // What waits is another track than the room has by now, or nothing.
    for waiting in [Some(waiting("t1")), None] {
        party.waiting = waiting;
        assert!(!has(&party, "waiting for others"));
        assert_eq!(party.order(&Deed::Pause, None), Err(Idle::Already));
    }
}

#[test]
fn a_path_is_typed_corrected_and_left_and_its_end_is_always_seen() {
    let (mut desk, mut party) = (Desk::default(), party());
    let press = |desk: &mut Desk, party: &mut Party, key| desk.press(key, party, at(0.0));
    press(&mut desk, &mut party, Key::Char('a'));
    for c in "n ä?q\u{1f3b5}x".chars() {
        assert_eq!(
            press(&mut desk, &mut party, Key::Char(c)),
            [],
            "{c:?} is text"
        );
    }
    press(&mut desk, &mut party, Key::Backspace);
    assert_eq!(press(&mut desk, &mut party, Key::Tab), []);
    let added = press(&mut desk, &mut party, Key::Enter);
    assert_eq!(added, [Effect::Add("n ä?q\u{1f3b5}".into())]);
    assert_eq!(desk.prompt, Prompt::None);
    for last in [Key::Escape, Key::Enter] {
        press(&mut desk, &mut party, Key::Char('a'));
        if last == Key::Escape {
            press(&mut desk, &mut party, Key::Char('x'));
        }
        assert_eq!(press(&mut desk, &mut party, last), []);
        assert_eq!(desk.prompt, Prompt::None);
    }
    press(&mut desk, &mut party, Key::Char('a'));
    for number in 0..5000 {
        let c = if number % 3 == 0 { '日' } else { 'm' };
        press(&mut desk, &mut party, Key::Char(c));
    }
    let Prompt::File(typed) = &desk.prompt else {
        panic!("{:?}", desk.prompt)
    };
    assert!((4000..=4096).contains(&typed.len()), "{}", typed.len());
    let end: String = typed
        .chars()
        .rev()
        .take(3)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    for columns in 16..100 {
        let rows = shown(&party, &desk, columns, 24);
        let line = rows.iter().find(|row| row.text.starts_with("file: "));
        let text = &line.expect("a question").text;
        assert!(text.contains(&format!("{end}_")), "{text}");
        assert!(width(text) < columns, "{columns}: {text}");
    }
    press(&mut desk, &mut party, Key::Ctrl('u'));
    assert_eq!(desk.prompt, Prompt::File(String::new()));
}

#[test]
fn removing_somebody_is_asked_first_and_never_oneself() {
    let (mut desk, mut party) = (Desk::default(), party());
    desk.press(Key::Tab, &mut party, at(0.0));
    assert_eq!(desk.focus, Focus::People);
    for key in [Key::Char('x'), Key::Char('h')] {
        assert_eq!(said(&mut desk, &mut party, key, at(0.0)), [Value::Null; 0]);
    }
    assert_eq!(desk.prompt, Prompt::None);
    desk.press(Key::Down, &mut party, at(0.0));
    assert_eq!(
        said(&mut desk, &mut party, Key::Char('x'), at(0.0)),
        [Value::Null; 0]
    );
    assert!(matches!(&desk.prompt, Prompt::Kick { name, .. } if name == "Ben"));
    assert_eq!(
        said(&mut desk, &mut party, Key::Enter, at(0.0)),
        [Value::Null; 0]
    );
    desk.press(Key::Char('x'), &mut party, at(0.0));
    let kicked = said(&mut desk, &mut party, Key::Char('y'), at(0.0));
    assert_eq!(kicked, [json!({"type": "KICK", "peer_id": "p-Ben"})]);
    let given = said(&mut desk, &mut party, Key::Char('h'), at(0.0));
    assert_eq!(given, [json!({"type": "HAND_OVER", "to": "p-Ben"})]);
}

#[test]
fn who_may_not_control_says_nothing_to_the_room_and_reads_why() {
    let keys = "\u{20}npgJKdhx".chars().map(Key::Char);
    let keys: Vec<Key> = keys.chain([Key::Left, Key::Right, Key::Enter]).collect();
    for guests in [
        Guests::Nothing,
        Guests::Add,
        Guests::Vote,
        Guests::Everything,
    ] {
        for &key in &keys {
            let (mut desk, mut party) = (Desk::default(), party());
            party.hear_rights(rights(Some("Ben"), guests));
            let said = said(&mut desk, &mut party, key, at(0.0));
            let own_track = key == Key::Char('d') && guests >= Guests::Add;
            let hosts_alone = matches!(key, Key::Char('g'));
            let nothing_here = matches!(key, Key::Char('h' | 'x'));
            let allowed = guests == Guests::Everything && !hosts_alone && !nothing_here;
            assert_eq!(
                said.len(),
                usize::from(allowed || own_track),
                "{key:?} {guests:?}"
            );
            let told = desk.message(at(0.0)).is_some();
            assert!(
                told || allowed || own_track || nothing_here,
                "{key:?} {guests:?}"
            );
        }
    }
}

#[test]
fn the_seat_is_taken_only_when_it_is_free_and_a_vote_is_for_what_plays() {
    let (mut desk, mut party) = (Desk::default(), party());
    party.hear_rights(rights(Some("Ben"), Guests::Vote));
    assert_eq!(
        said(&mut desk, &mut party, Key::Char('t'), at(0.0)),
        [Value::Null; 0]
    );
    assert_eq!(desk.message(at(0.0)), Some("Ben hosts"));
    let vote = said(&mut desk, &mut party, Key::Char('v'), at(0.0));
    assert_eq!(vote, [json!({"type": "VOTE", "skip": "t2"})]);
    party.hear_rights(rights(None, Guests::Nothing));
    let take = said(&mut desk, &mut party, Key::Char('t'), at(0.0));
    assert_eq!(take, [json!({"type": "TAKE_SEAT"})]);
}

#[test]
fn volume_is_for_a_loudspeaker_of_ones_own() {
    let (mut desk, mut party) = (Desk::default(), party());
    assert_eq!(desk.press(Key::Char('+'), &mut party, at(0.0)), []);
    assert!(desk.message(at(0.0)).expect("why").contains("--listen"));
    desk.listens = true;
    for (key, sound) in [
        ('+', Sound::Louder),
        ('-', Sound::Softer),
        ('m', Sound::Mute),
    ] {
        let effects = desk.press(Key::Char(key), &mut party, at(0.0));
        assert_eq!(effects, [Effect::Sound(sound)]);
    }
    for key in [Key::Char('q'), Key::Ctrl('c')] {
        assert_eq!(desk.press(key, &mut party, at(0.0)), [Effect::Leave]);
    }
}

// ---- orders ----------------------------------------------------------------------------------------

#[test]
fn orders_say_how_the_room_will_show_that_it_followed() {
    let party = party();
    let order = |deed: &Deed| party.order(deed, Some(110.0));
    let next = order(&Deed::Next).expect("an order");
    assert!(!party.has_followed(&next.shows, false));
    assert!(party.has_followed(&next.shows, true));
    let seek = order(&Deed::Seek(15.0)).expect("an order");
    assert!(
        !party.has_followed(&seek.shows, true),
        "not where we want to be"
    );
    let mut there = party.clone();
    there.hear_state(state("t2", true, 15.0));
    assert!(there.has_followed(&seek.shows, true));
    let remove = order(&Deed::Remove(Which::Number(3))).expect("an order");
    assert_eq!(remove.shows, Shows::Gone("t3".into()));
    assert!(!party.has_followed(&remove.shows, true));
    assert_eq!(order(&Deed::Play(None)), Err(Idle::Already));
    assert_eq!(order(&Deed::Guests(Guests::Nothing)), Err(Idle::Already));
    for deed in [Deed::Seek(61.0), Deed::Play(Some(Which::Number(4)))] {
        assert!(matches!(order(&deed), Err(Idle::Cannot(_))), "{deed:?}");
    }
}

#[test]
fn a_track_that_is_over_begins_again_and_an_empty_room_has_nothing_to_play() {
    let mut party = party();
    party.hear_state(state("t2", false, 60.0));
    let again = party.order(&Deed::Play(None), None).expect("an order");
    assert!(again.text.contains(r#""offset_sec":0.0"#), "{}", again.text);
    party.hear_state(State {
        track_id: None,
        ..state("", false, 0.0)
    });
    let first = party.order(&Deed::Play(None), None).expect("an order");
    assert!(first.text.contains(r#""track_id":"t1""#), "{}", first.text);
    party.queue.clear();
    for deed in [
        Deed::Play(None),
        Deed::Next,
        Deed::Previous,
        Deed::Seek(1.0),
    ] {
        assert!(
            matches!(party.order(&deed, None), Err(Idle::Cannot(_))),
            "{deed:?}"
        );
    }
    assert_eq!(party.order(&Deed::Pause, None), Err(Idle::Already));
}

#[test]
fn a_position_waits_for_its_moment_and_ends_with_its_track() {
    let party = party();
    for (room_sec, expected) in [(99.0, 0.0), (100.0, 0.0), (130.5, 30.5), (1000.0, 60.0)] {
        assert_eq!(party.position_sec(Some(room_sec)), expected, "{room_sec}");
    }
    assert_eq!(party.position_sec(None), 0.0);
}

// ---- what is shown ---------------------------------------------------------------------------------

/// A room with names of every kind.
fn crowd() -> Party {
    let mut party = party();
    let names = [
        "日本語の長い長い曲名です",
        "e\u{301}\u{301}",
        "🎵🎵",
        "plain",
        "\u{1b}[2Jevil\r\n",
    ];
    party.queue = (0..60)
        .map(|number| Track {
            title: Some(names[number % 5].repeat(1 + number % 9)),
            artist: (number % 2 == 0).then(|| "Künstler".into()),
            awaited: number % 3 == 0,
            ..track(&format!("t{number}"), 10.0 * number as f64)
        })
        .collect();
    party.members.listed = (0..40)
        .map(|number| Member {
            node: number % 7 == 3,
            report: (number % 2 == 0).then(|| MemberReport {
                status: Some("playing".into()),
                method: Some("webaudio".into()),
                rtt_ms: Some(12.3),
                error_ms: Some(-0.44),
                loaded: Some(0.5),
            }),
            ..member(&format!("{}{number}", names[number % 5]))
        })
        .collect();
    party.members.total = 40;
    party
}

fn shown(party: &Party, desk: &Desk, columns: usize, rows: usize) -> Vec<Row> {
    let view = View {
        party,
        desk,
        now: at(0.0),
        server: "192.168.1.20:8000",
        sharing: Sharing {
            tracks: 2,
            peers: 3,
            bytes_per_sec: 1e6,
        },
        loudspeaker: Some(Loudspeaker {
            volume: 95,
            mute: false,
            error_ms: Some(0.4),
        }),
    };
    draw(&view, columns, rows)
}

#[test]
fn the_screen_says_what_plays_who_is_there_and_which_keys_there_are() {
    let rows = shown(&party(), &Desk::default(), 80, 24);
    let text: Vec<&str> = rows.iter().map(|row| row.text.trim_end()).collect();
    assert_eq!(
        text,
        [
            "jam1 at 192.168.1.20:8000  you host  guests may only listen  2 here",
            "",
            "t2.mp3",
            "playing  0:10 of 1:00  [########>                                             ]",
            "",
            "Queue: 2 of 3",
            "     1  t1.mp3                                         0:30  Ana",
            " >   2  t2.mp3                                         1:00  Ana",
            "     3  t3.mp3                                         0:20  Ana",
            "Here: 2",
            " * Ana                   host",
            "   Ben",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "serving 2 files  3 peers, 977 KiB/s  volume here 95 %  +0.4 ms",
            "",
            "q leave  ? help  space play/pause  <- -> seek  s seek to  n next  p previous",
            "Enter play  d remove  J K move  a add  g guests  l lock  Tab queue/people",
        ]
    );
}

#[test]
fn rows_fit_any_terminal_and_the_cursor_is_on_it() {
    let party = crowd();
    for columns in (0..140).step_by(3) {
        for rows in 0..40 {
            for (number, keys) in ["", "\t", "?", "s", "jjjjjjjjjjjjjjjjjjjjjjjjj"]
                .iter()
                .enumerate()
            {
                let (mut desk, mut own) = (Desk::default(), party.clone());
                for c in keys.chars() {
                    let key = if c == '\t' { Key::Tab } else { Key::Char(c) };
                    desk.press(key, &mut own, at(0.0));
                }
                let drawn = shown(&party, &desk, columns, rows);
                assert!(drawn.len() <= rows, "{columns}x{rows} {number}");
                for row in &drawn {
                    assert!(width(&row.text) <= columns.saturating_sub(1), "{row:?}");
                    assert!(!row.text.contains(char::is_control), "{row:?}");
                }
                let has_cursor = |row: &Row| row.style == screen::Style::Reverse;
                if rows >= 16 && number != 2 {
                    let cursors = drawn.iter().filter(|row| has_cursor(row)).count();
                    assert_eq!(cursors, 1, "{columns}x{rows} {number}");
                }
            }
        }
    }
}

#[test]
fn a_question_is_asked_on_the_smallest_terminal() {
    let (mut desk, mut party) = (Desk::default(), party());
    desk.press(Key::Char('s'), &mut party, at(0.0));
    for rows in 3..40 {
        let drawn = shown(&party, &desk, 40, rows);
        let asks = drawn.iter().any(|row| row.text.starts_with("seek to: _"));
        assert!(asks, "{rows} rows");
    }
}

#[test]
fn what_is_sent_for_a_change_leads_from_the_old_screen_to_the_new_one() {
    let party = crowd();
    let mut desk = Desk::default();
    let mut terminal = Screen::new(60, 30);
    let mut before: Vec<Row> = Vec::new();
    let mut changes = 0;
    for (number, key) in "jjkJ?xs1\u{8}\t jjj\tkkk?qs2".chars().enumerate() {
        let key = match key {
            '\t' => Key::Tab,
            '\u{8}' => Key::Backspace,
            key => Key::Char(key),
        };
        desk.press(key, &mut party.clone(), at(0.0));
        // Now and then the terminal has another height.
        let rows = if number % 7 == 6 { 20 } else { 30 };
        let after = shown(&party, &desk, 60, rows);
        let text = update(&before, &after);
        changes += usize::from(!text.is_empty());
        terminal.feed(&text);
        // In the memory of a test a wide character takes one place: only what is narrow is compared.
        for (line, row) in terminal.lines().iter().zip(&after) {
            if width(&row.text) == row.text.chars().count() {
                assert_eq!(line, row.text.trim_end(), "after key {number}");
            }
        }
        assert_eq!(
            update(&after, &after),
            "",
            "nothing changes, nothing is sent"
        );
        before = after;
    }
    assert!(changes > 10);
}

// ---- what scripts read -----------------------------------------------------------------------------

#[test]
fn a_room_in_a_line_and_as_json() {
    let mut party = party();
    assert_eq!(
        report::state(&party, Some(112.5)),
        "playing  0:12 of 1:00  t2.mp3  track 2 of 3  you host  guests may only listen  2 here\n"
    );
    let state: Value =
        serde_json::from_str(&report::state_json(&party, Some(112.5))).expect("JSON");
    assert_eq!(
        state,
        json!({
            "room": "jam1", "status": "PLAY", "track_id": "t2", "name": "t2.mp3", "title": null,
            "artist": null, "position_sec": 12.5, "duration_sec": 60.0, "number": 2, "tracks": 3,
            "host": "Ana", "guests": "nothing", "locked": false, "members": 2,
        })
    );
    party.queue[0].title = Some("Prelude in C".into());
    party.queue[0].artist = Some("J. S. Bach".into());
    party.queue[2].awaited = true;
    assert_eq!(
        report::queue(&party),
        "    1  Prelude in C, J. S. Bach     0:30  Ana\n\
         >   2  t2.mp3                       1:00  Ana\n\
         \x20   3  t3.mp3                       0:20  Ana, on its way\n"
    );
    assert_eq!(report::members(&party), "Ana  host\nBen\n");
    party.members.total = 300;
    assert!(report::members(&party).ends_with("and 298 more\n"));
}
