//! SIGTERM and SIGINT.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::exit::{Failure, Result};

const INTERRUPT: u8 = 2;
const TERMINATE: u8 = 15;

/// Whether somebody has asked the program to stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    signal: Arc<AtomicU8>,
    asked: watch::Receiver<bool>,
}

impl Stop {
    /// From now on the first signal asks, and the second ends the program.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (ask, asked) = watch::channel(false);
        let number = Arc::new(AtomicU8::new(0));
        let noted = Arc::clone(&number);
        tokio::spawn(async move {
            for turn in 0.. {
                let signal = tokio::select! {
                    _ = terminate.recv() => TERMINATE,
                    _ = interrupt.recv() => INTERRUPT,
                };
                if turn > 0 {
                    std::process::exit(128 + i32::from(signal));
                }
                noted.store(signal, Ordering::Relaxed);
                eprintln!("backup-center: stopping; once more ends it at once");
                // Nobody may be waiting for it any more.
                let _ = ask.send(true);
            }
        });
        Ok(Self {
            signal: number,
            asked,
        })
    }

    /// The number of the signal, once there was one.
    pub(crate) fn signal(&self) -> Option<u8> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            number => Some(number),
        }
    }

    /// Ready once somebody asks.
    pub(crate) fn asked(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut asked = self.asked.clone();
        async move {
            if asked.wait_for(|asked| *asked).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// `work`, for as long as nobody asks: it is one that leaves nothing half-made.
    pub(crate) async fn or<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            done = work => done,
            () = self.asked() => Err(Failure::new("finish: it was stopped")),
        }
    }
}
