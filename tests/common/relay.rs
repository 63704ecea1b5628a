//! Stands between a member and its server, and can break all connections without a word to either, or let them stand with
//! nothing in them. Ended when dropped.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

pub struct Relay {
    pub address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// Nobody gets through, as if the cable were out.
    cut: bool,
    over: bool,
    /// Connections with smaller numbers pass nothing on any more.
    frozen_below: usize,
    connections: usize,
    sockets: Vec<TcpStream>,
}

impl Relay {
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Mutex::new(Shared::default()));
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mut shared = own.lock().expect("no panic");
                if shared.over {
                    return;
                }
                if shared.cut {
                    continue;
                }
                let Ok(server) = TcpStream::connect(server) else {
                    continue;
                };
                shared.connections += 1;
                let number = shared.connections;
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let clone = |socket: &TcpStream| socket.try_clone().expect("a socket");
                    let (mut from, mut to) = (clone(from), clone(to));
                    let own = Arc::clone(&own);
                    std::thread::spawn(move || {
                        let mut bytes = [0; 16 * 1024];
                        while let Ok(count @ 1..) = from.read(&mut bytes) {
                            let is_frozen = number < own.lock().expect("no panic").frozen_below;
                            if !is_frozen && to.write_all(&bytes[..count]).is_err() {
                                break;
                            }
                        }
                        let _ended = to.shutdown(Shutdown::Both);
                    });
                }
                shared.sockets.extend([client, server]);
            }
        });
        Self { address, shared }
    }

    /// Breaks what there is, and lets nobody through until it is mended.
    pub fn cut(&self) {
        let mut shared = self.shared.lock().expect("no panic");
        shared.cut = true;
        for socket in shared.sockets.drain(..) {
            let _ended = socket.shutdown(Shutdown::Both);
        }
    }

    /// Nothing comes through what there is any more, in neither direction, and nobody is told; new connections are well.
    pub fn freeze(&self) {
        let mut shared = self.shared.lock().expect("no panic");
        shared.frozen_below = shared.connections + 1;
    }

    pub fn mend(&self) {
        self.shared.lock().expect("no panic").cut = false;
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.cut();
        self.shared.lock().expect("no panic").over = true;
        let _wakes_it = TcpStream::connect(self.address);
    }
}
