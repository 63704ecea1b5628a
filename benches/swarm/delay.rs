//! Delays Ethernet frames: for kernels that lack netem, which virtual machines often do.
//!
//!   delay MILLISECONDS NODE_TAP PORT_TAP [NODE_TAP PORT_TAP ...]
//!
//! Makes the taps in the namespace it runs in and prints "ready". What comes out of a node's tap goes into its
//! port's tap after the delay; the other way it goes at once. One thread, one queue: the delay is the same for all
//! frames, so that they leave in the order they came.

use std::collections::VecDeque;
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

const TUNSETIFF: u64 = 0x4004_54ca;
const IFF_TAP: u16 = 0x0002;
const IFF_NO_PI: u16 = 0x1000;
const O_NONBLOCK: i32 = 0o4000;
const POLLIN: i16 = 1;
const FRAME_BYTES_MAX: usize = 2048;
/// At most this many frames are taken from a tap in turn, so that the due ones are not kept waiting.
const FRAMES_IN_TURN: usize = 32;

#[repr(C)]
struct InterfaceRequest {
    name: [u8; 16],
    flags: u16,
    rest: [u8; 22],
}

#[repr(C)]
struct PollDescriptor {
    fd: i32,
    events: i16,
    returned: i16,
}

#[repr(C)]
struct TimeSpec {
    seconds: i64,
    nanoseconds: i64,
}

unsafe extern "C" {
    fn ioctl(fd: i32, request: u64, ...) -> i32;
    fn ppoll(
        fds: *mut PollDescriptor,
        count: u64,
        timeout: *const TimeSpec,
        mask: *const u8,
    ) -> i32;
}

fn open_tap(name: &str) -> Result<File, Box<dyn Error>> {
    let tap = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(O_NONBLOCK)
        .open("/dev/net/tun")?;
    let mut request = InterfaceRequest {
        name: [0; 16],
        flags: IFF_TAP | IFF_NO_PI,
        rest: [0; 22],
    };
    request
        .name
        .get_mut(..name.len())
        .ok_or("name too long")?
        .copy_from_slice(name.as_bytes());
    // SAFETY: the kernel reads and writes one ifreq, which this is laid out as.
    if unsafe { ioctl(tap.as_raw_fd(), TUNSETIFF, &mut request) } < 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    Ok(tap)
}

/// The next frame, if there is one now.
fn read_frame(tap: &mut File, buffer: &mut [u8]) -> Result<Option<usize>, std::io::Error> {
    match tap.read(buffer) {
        Ok(length) => Ok(Some(length)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        // The tap is down while it moves to its namespace.
        Err(error) if error.raw_os_error() == Some(5) || error.raw_os_error() == Some(77) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let delay = Duration::from_secs_f64(arguments.next().ok_or("no delay")?.parse::<f64>()? / 1e3);
    let mut taps = arguments
        .map(|name| open_tap(&name))
        .collect::<Result<Vec<_>, _>>()?;
    println!("ready");
    let mut waiting: VecDeque<(Instant, usize, Vec<u8>)> = VecDeque::new();
    let mut spare: Vec<Vec<u8>> = Vec::new();
    let mut buffer = [0; FRAME_BYTES_MAX];
    let mut polled: Vec<_> = taps
        .iter()
        .map(|tap| PollDescriptor {
            fd: tap.as_raw_fd(),
            events: POLLIN,
            returned: 0,
        })
        .collect();
    loop {
        let left = waiting
            .front()
            .map(|(due, ..)| due.saturating_duration_since(Instant::now()));
        let timeout = left.map(|left| TimeSpec {
            seconds: left.as_secs() as i64,
            nanoseconds: i64::from(left.subsec_nanos()),
        });
        let timeout = timeout
            .as_ref()
            .map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: the descriptors are open and counted, the timeout lives until the call returns.
        unsafe {
            ppoll(
                polled.as_mut_ptr(),
                polled.len() as u64,
                timeout,
                std::ptr::null(),
            )
        };
        for index in 0..taps.len() {
            if polled[index].returned == 0 {
                continue;
            }
            for _ in 0..FRAMES_IN_TURN {
                let Some(length) = read_frame(&mut taps[index], &mut buffer)? else {
                    break;
                };
                if index % 2 == 1 {
                    let _ = taps[index - 1].write(&buffer[..length]); // down or full: the frame is lost
                    continue;
                }
                let mut frame = spare.pop().unwrap_or_default();
                frame.clear();
                frame.extend_from_slice(&buffer[..length]);
                waiting.push_back((Instant::now() + delay, index + 1, frame));
            }
        }
        let now = Instant::now();
        while waiting.front().is_some_and(|(due, ..)| *due <= now) {
            let (_, index, frame) = waiting.pop_front().expect("bug: it was just there");
            let _ = taps[index].write(&frame); // as above
            spare.push(frame);
        }
    }
}
