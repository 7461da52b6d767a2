//! A server that would keep connections alive, and says nothing to whoever does not speak HTTP.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use wasmtime::Result;

/// It runs as long as the program.
pub(crate) struct Vendor {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Vendor {
    /// Listens on a free port of loopback.
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, connections) = (listener.local_addr()?, Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || serve(stream));
            }
        });
        Ok(Self { address, connections })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Until the client goes, which is no error.
fn serve(mut stream: TcpStream) {
    let Ok(reading) = stream.try_clone() else { return };
    for line in BufReader::new(reading).split(b'\n') {
        match line {
            Ok(line) if line == b"\r" => {
                if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").is_err() {
                    return;
                }
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}
