//! Keys, from the bytes that a terminal sends for them. Pure.
//!
//! However the bytes are cut, the same keys come out. Only a lone Escape needs time: it is one when nothing follows, which
//! the caller has to say (`quiet`). What we have no use for is passed over, whole sequences at a time.

/// Longest sequence that is waited for; what is longer is none.
const SEQUENCE_BYTES_MAX: usize = 32;

const ESCAPE: u8 = 0x1b;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Char(char),
    /// With the control key, a small letter.
    Ctrl(char),
    Enter,
    Tab,
    Backspace,
    Delete,
    Escape,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
}

/// Makes keys of bytes.
#[derive(Debug, Default)]
pub struct Keys {
    /// The beginning of a key.
    rest: Vec<u8>,
}

/// What the beginning of some bytes is.
enum Start {
    /// A key, or nothing that we know, of so many bytes.
    Key(Option<Key>, usize),
    /// The beginning of one.
    Unfinished,
}

impl Keys {
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Key> {
        let mut keys = Vec::new();
        for &byte in bytes {
            self.rest.push(byte);
            self.take(&mut keys);
        }
        keys
    }

    /// Nothing came for a moment: what has begun is over.
    pub fn quiet(&mut self) -> Option<Key> {
        let rest = std::mem::take(&mut self.rest);
        (rest == [ESCAPE]).then_some(Key::Escape)
    }

    fn take(&mut self, keys: &mut Vec<Key>) {
        while !self.rest.is_empty() {
            match start(&self.rest) {
                Start::Key(key, length) => {
                    keys.extend(key);
                    self.rest.drain(..length);
                }
                Start::Unfinished if self.rest.len() < SEQUENCE_BYTES_MAX => return,
                Start::Unfinished => self.rest.clear(),
            }
        }
    }
}

/// `bytes` has at least one.
fn start(bytes: &[u8]) -> Start {
    match bytes[0] {
        ESCAPE => sequence(bytes),
        b'\r' | b'\n' => Start::Key(Some(Key::Enter), 1),
        b'\t' => Start::Key(Some(Key::Tab), 1),
        0x08 | 0x7f => Start::Key(Some(Key::Backspace), 1),
        byte @ 0x01..=0x1a => Start::Key(Some(Key::Ctrl(char::from(byte - 1 + b'a'))), 1),
        0x00..=0x1f => Start::Key(None, 1),
        first => character(first, bytes),
    }
}

fn character(first: u8, bytes: &[u8]) -> Start {
    let length = match first {
        0x20..=0x7e => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Start::Key(None, 1),
    };
    let goes_on = |byte: &u8| (0x80..=0xbf).contains(byte);
    if !bytes[1..].iter().take(length - 1).all(goes_on) {
        return Start::Key(None, 1);
    }
    let Some(whole) = bytes.get(..length) else {
        return Start::Unfinished;
    };
    let text = str::from_utf8(whole).ok();
    let shown = text.and_then(|text| text.chars().next());
    let key = shown.filter(|c| !c.is_control()).map(Key::Char);
    Start::Key(key, length)
}

/// Behind Escape.
fn sequence(bytes: &[u8]) -> Start {
    match bytes.get(1) {
        None => Start::Unfinished,
        Some(b'[') => control_sequence(bytes),
        Some(b'O') => match bytes.get(2) {
            None => Start::Unfinished,
            // Another Escape begins something else.
            Some(&ESCAPE) => Start::Key(None, 2),
            Some(b'M') => Start::Key(Some(Key::Enter), 3),
            Some(&last) => Start::Key(arrow(last), 3),
        },
        Some(&ESCAPE) => Start::Key(Some(Key::Escape), 1),
        // A key with Alt, which means nothing here.
        Some(_) => match start(&bytes[1..]) {
            Start::Key(_, length) => Start::Key(None, 1 + length),
            Start::Unfinished => Start::Unfinished,
        },
    }
}

/// `ESC [ numbers letter`
fn control_sequence(bytes: &[u8]) -> Start {
    let is_last = |byte: &u8| !(0x20..=0x3f).contains(byte);
    let Some(place) = bytes[2..].iter().position(is_last).map(|place| place + 2) else {
        return Start::Unfinished;
    };
    let last = bytes[place];
    match last {
        ESCAPE => return Start::Key(None, place),
        // A function key of the Linux console has one more.
        b'[' if place == 2 => {
            return match bytes.get(3) {
                None => Start::Unfinished,
                Some(&ESCAPE) => Start::Key(None, 3),
                Some(_) => Start::Key(None, 4),
            };
        }
        _ => {}
    }
    let number = bytes[2..place].split(|&byte| byte == b';').next();
    let key = match (last, number) {
        (b'~', Some(b"1" | b"7")) => Some(Key::Home),
        (b'~', Some(b"4" | b"8")) => Some(Key::End),
        (b'~', Some(b"3")) => Some(Key::Delete),
        (b'~', Some(b"5")) => Some(Key::PageUp),
        (b'~', Some(b"6")) => Some(Key::PageDown),
        (b'Z', _) => Some(Key::Tab),
        _ => arrow(last),
    };
    Start::Key(key, place + 1)
}

fn arrow(last: u8) -> Option<Key> {
    Some(match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Key> {
        let mut keys = Keys::default();
        let mut found = keys.push(bytes);
        found.extend(keys.quiet());
        found
    }

    #[test]
    fn terminals_say_the_same_key_in_several_ways() {
        for (bytes, key) in [
            (&b" "[..], Key::Char(' ')),
            ("é".as_bytes(), Key::Char('é')),
            ("日".as_bytes(), Key::Char('日')),
            ("🎵".as_bytes(), Key::Char('🎵')),
            (b"\r", Key::Enter),
            (b"\n", Key::Enter),
            (b"\x1bOM", Key::Enter),
            (b"\t", Key::Tab),
            (b"\x1b[Z", Key::Tab),
            (b"\x7f", Key::Backspace),
            (b"\x03", Key::Ctrl('c')),
            (b"\x0c", Key::Ctrl('l')),
            (b"\x1b", Key::Escape),
            (b"\x1b[A", Key::Up),
            (b"\x1bOA", Key::Up),
            (b"\x1b[1;2B", Key::Down),
            (b"\x1b[C", Key::Right),
            (b"\x1b[D", Key::Left),
            (b"\x1b[H", Key::Home),
            (b"\x1b[1~", Key::Home),
            (b"\x1b[7~", Key::Home),
            (b"\x1bOF", Key::End),
            (b"\x1b[4~", Key::End),
            (b"\x1b[3~", Key::Delete),
            (b"\x1b[5~", Key::PageUp),
            (b"\x1b[6;5~", Key::PageDown),
        ] {
            assert_eq!(all(bytes), [key], "{bytes:?}");
        }
    }

    #[test]
    fn what_means_nothing_here_is_passed_over_whole() {
        for bytes in [
            &b"\x1b[15~"[..],
            b"\x1b[200~",
            b"\x1b[[A",
            b"\x1bx",
            b"\x1b\xc3\xa9",
            b"\x1bOP",
            b"\x1b[<0;10;20M",
            b"\x00",
            b"\xff",
            b"\xc3",
            b"\x1b[",
            b"\xc2\x9b",
        ] {
            assert_eq!(all(bytes), [], "{bytes:?}");
            // Nothing of it sticks to what comes next.
            let mut keys = Keys::default();
            keys.push(bytes);
            keys.quiet();
            assert_eq!(keys.push(b"q"), [Key::Char('q')], "{bytes:?}");
        }
        let long = [b"\x1b[".to_vec(), vec![b'1'; 100]].concat();
        let mut keys = Keys::default();
        keys.push(&long);
        assert!(keys.rest.len() < SEQUENCE_BYTES_MAX);
    }

    #[test]
    fn the_same_keys_come_however_the_bytes_are_cut() {
        let alphabet = *b"\x1b[OAZ~5;\xc3\xa9q\r\x01";
        let count = alphabet.len();
        for number in 0..count.pow(4) {
            let byte = |place: u32| alphabet[number / count.pow(place) % count];
            let bytes: Vec<u8> = (0..4).map(byte).collect();
            let mut whole = Keys::default();
            let expected = whole.push(&bytes);
            for cuts in 0..8 {
                let mut keys = Keys::default();
                let mut found = Vec::new();
                let mut from = 0;
                for to in 1..=bytes.len() {
                    if to == bytes.len() || cuts & (1 << (to - 1)) != 0 {
                        found.extend(keys.push(&bytes[from..to]));
                        from = to;
                    }
                }
                assert_eq!(found, expected, "{bytes:?} cut as {cuts:03b}");
                assert_eq!(keys.rest, whole.rest, "{bytes:?} cut as {cuts:03b}");
            }
            // An Escape in between always begins anew: what comes behind is what it is alone.
            let mut keys = Keys::default();
            keys.push(&bytes);
            let behind = [keys.push(b"\x1b[B"), keys.quiet().into_iter().collect()].concat();
            assert_eq!(behind.last(), Some(&Key::Down), "{bytes:?}");
        }
    }
}
