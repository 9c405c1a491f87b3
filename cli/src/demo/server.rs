//! The smallest HTTP server and client that the demo can do with: real sockets on loopback, slow pages.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// No request takes as long as this.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server on a free port of loopback; ends on drop.
pub(super) struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server whose every page takes so long.
    pub(super) fn start(page_takes: Duration) -> Result<Self> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port on loopback")?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if stopped.load(Ordering::Acquire) {
                    return;
                }
                // A client that goes away is its own affair.
                thread::spawn(move || answer(&connection, page_takes).ok());
            }
        });
        Ok(Self {
            address,
            stop,
            thread: Some(thread),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Wakes the thread; if that fails, it is gone already.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut connection: &TcpStream, takes: Duration) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection).lines();
    let request = lines.next().unwrap_or(Ok(String::new()))?;
    // To the end of the head: what is left unread when the connection closes would reset it.
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let path = request.split(' ').nth(1).unwrap_or("/");
    thread::sleep(takes); // stands for a far and busy server
    let paragraph = format!("This is {path}, which took its time to come over the network.\n");
    let body = paragraph.repeat(20);
    write!(
        connection,
        "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Fetches a page and returns its body.
pub(super) fn fetch(address: SocketAddr, path: &str) -> Result<String> {
    let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    write!(connection, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut response = String::new();
    connection.read_to_string(&mut response)?;
    let (head, body) = response
        .split_once("\r\n\r\n")
        .context("no HTTP response")?;
    ensure!(head.starts_with("HTTP/1.0 200 "), "{path}: {head}");
    Ok(body.to_owned())
}
