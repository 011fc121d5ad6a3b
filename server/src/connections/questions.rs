//! A connection on which requests arrive whole ([`whole`]), and are answered without what other requests need.
//!
//! It begins with every connection, and goes on for as long as such requests come. The first that is another one is
//! left unread: hyper takes the connection over from there.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::watch;
use tokio::time::{Instant, Interval};

use super::answer_text::AnswerText;
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

/// How long is waited for requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    /// For the first.
    pub(super) first: Duration,
    /// For each later one.
    pub(super) later: Duration,
}

/// Answers requests that arrive whole, until something else comes or the server is to stop.
pub(super) async fn serve(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    client: &Client,
    app: &impl Answers,
    waiting: Waiting,
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
                let waited = if answered == 0 { waiting.first } else { waiting.later };
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
        if stream.write_all(answers.text()).await.is_err() || stream.flush().await.is_err() {
            return Next::Nothing;
        }
        answers.clear();
        if left > 0 {
            return Next::Other { was_asked: answered > 0 };
        }
    }
}
