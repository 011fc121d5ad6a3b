//! Timers that are looked at rather than set.
//!
//! hyper limits the time that a request's head may take by a timer that it makes anew for each request, and takes
//! away again a moment later. Set among the runtime's timers that costs two locks for each request, and next to none
//! ever runs out. These are looked at whenever their connection is looked at, and [`LOOK`] is how often that happens
//! where nothing else does: a limit holds to within that.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// How often a connection on which nothing happens is looked at.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// The timers of connections that are looked at every [`LOOK`].
#[derive(Debug, Clone, Copy)]
pub(super) struct LookedAt;

impl Timer for LookedAt {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Until(deadline))
    }

    fn now(&self) -> Instant {
        // The runtime's, which tests can stop.
        tokio::time::Instant::now().into_std()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        *sleep = self.sleep_until(deadline);
    }
}

/// Done from this instant on, for whoever looks.
struct Until(Instant);

impl Future for Until {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        // Nobody is woken: whoever has this is polled again by LOOK at the latest.
        if LookedAt.now() >= self.0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Sleep for Until {}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_over_once_its_time_has_come() {
        let mut sleep = LookedAt.sleep(Duration::from_secs(10));
        let mut is_over = async || poll_fn(|context| Poll::Ready(sleep.as_mut().poll(context).is_ready())).await;
        assert!(!is_over().await);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(is_over().await);
    }
}
