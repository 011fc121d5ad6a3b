//! A connection on which requests arrive whole ([`whole`]), and are answered without what other requests need.
//!
//! It begins with every connection, and goes on for as long as such requests come. The first that is another one is
//! left unread: hyper takes the connection over from there.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::watch;
use tokio::time::{Instant, Interval};

use super::answer_text::AnswerText;
use super::connection::Patience;
use super::whole;
use super::{Answers, Client};

/// How many bytes are read at a time, and so the longest request that is read here.
pub(super) const READ_SIZE: usize = 4096;

/// What came after the requests that were answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The connection's end.
    Nothing,
    /// Another request than those, which is not read yet.
    Other {
        /// Whether any was answered before it.
        was_asked: bool,
    },
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), text: &[u8]) -> io::Result<()> {
    stream.write_all(text).await?;
    stream.flush().await
}

/// Waits for so long, from when it is first waited for: an answer that is sent at once costs no look at a clock.
async fn passed(looks: &mut Interval, time: Duration) {
    let begun = Instant::now();
    while looks.tick().await.duration_since(begun) < time {}
}

/// Answers requests that arrive whole, until something else comes or the server is to stop.
pub(super) async fn serve(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    client: &Client,
    app: &impl Answers,
    patience: Patience,
    looks: &mut Interval,
    stopped: &mut watch::Receiver<()>,
) -> Next {
    let mut answers = AnswerText::default();
    let (mut answered, mut answered_before) = (0_u64, 0);
    let mut quiet_since = Instant::now();
    let mut stopped = std::pin::pin!(stopped.changed());
    loop {
        let read = tokio::select! {
            biased;
            read = stream.fill_buf() => read,
            // Nothing is ever sent: it is the sender's end.
            _ = &mut stopped => return Next::Nothing,
            now = looks.tick() => {
                let waited = if answered == 0 { patience.first } else { patience.later };
                if answered > answered_before {
                    (answered_before, quiet_since) = (answered, now);
                } else if now.duration_since(quiet_since) >= waited {
                    tracing::debug!(peer = %client.peer, "a connection was closed: no request came");
                    return Next::Nothing;
                }
                continue;
            }
        };
        let Ok(mut rest) = read else { return Next::Nothing };
        let read = rest.len();
        if read == 0 {
            return Next::Nothing;
        }
        while let Some((request, length)) = whole::read(rest, &mut whole::room()) {
            if !app.answer_whole(&request, client, &mut answers).await {
                break;
            }
            answered += 1;
            rest = rest.get(length..).unwrap_or_default();
        }
        let left = rest.len();
        stream.consume(read - left);
        let sent = tokio::select! {
            biased;
            sent = send(stream, answers.text()) => sent,
            () = passed(looks, patience.later) => {
                tracing::debug!(peer = %client.peer, "a connection was closed: its answers are not taken");
                return Next::Nothing;
            }
        };
        if sent.is_err() {
            return Next::Nothing;
        }
        answers.clear();
        if left > 0 {
            return Next::Other { was_asked: answered > 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::Response;
    use http::StatusCode;
    use tokio::io::{AsyncReadExt as _, duplex};
    use tokio::time::interval;

    use super::*;
    use crate::connections::{Limits, Whole};

    /// Says OK to everything that arrives whole.
    #[derive(Clone)]
    struct Yes;

    impl Answers for Yes {
        async fn answer(&self, _: axum::extract::Request, _: &Client) -> Response {
            Response::default()
        }

        async fn answer_whole(&self, _: &Whole<'_>, _: &Client, to: &mut AnswerText) -> bool {
            to.begin(StatusCode::OK, Instant::now());
            to.end(b"");
            true
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_no_answers_is_cut_off() {
        const TEXT: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
        for takes in [true, false] {
            let (mut there, here) = duplex(64);
            let (stopping, mut stopped) = watch::channel(());
            let client = Client::at(([127, 0, 0, 1], 1).into());
            let patience = Patience::of(Limits { head: Duration::from_secs(10), ..Limits::default() });
            let begun = Instant::now();
            let serving = tokio::spawn(async move {
                let (mut here, mut looks) = (BufReader::new(here), interval(Duration::from_secs(1)));
                serve(&mut here, &client, &Yes, patience, &mut looks, &mut stopped).await
            });
            there.write_all(TEXT).await.unwrap();
            there.write_all(TEXT).await.unwrap();
            there.write_all(TEXT).await.unwrap();
            if takes {
                let mut answers = [0; 3 * 40];
                there.read_exact(&mut answers).await.unwrap();
                there.write_all(b"PUT").await.unwrap();
            }
            let expected = if takes { Next::Other { was_asked: true } } else { Next::Nothing };
            assert_eq!(serving.await.unwrap(), expected);
            assert_eq!(begun.elapsed() >= patience.later, !takes);
            drop(stopping);
        }
    }
}
