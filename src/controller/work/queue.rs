//! Places to work at, so many at once.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::rotation::Rotation;

/// So many places to work at, handed out fairly: one to each tenant in turn.
#[derive(Clone, Debug)]
pub(crate) struct Queue(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    limit: usize,
    taken: usize,
    /// Nobody gets a place any more.
    closed: bool,
    waiting: Rotation<oneshot::Sender<Place>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Option<Queue>);

/// A place that is left and taken again.
#[derive(Debug)]
pub(crate) struct Turn {
    queue: Queue,
    tenant: String,
    place: Option<Place>,
}

impl Turn {
    /// Waits for something without the place, and for a place after it.
    pub(crate) async fn apart_from<T>(&mut self, waiting: impl Future<Output = T>) -> T {
        self.place = None;
        let done = waiting.await;
        self.place = Some(self.queue.place(&self.tenant).await);
        done
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            queue.0.lock().taken -= 1;
            queue.hand_out();
        }
    }
}

impl Queue {
    pub(crate) fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            limit: limit.max(1),
            taken: 0,
            closed: false,
            waiting: Rotation::default(),
        })))
    }

    /// Changes how many places there are. Nobody loses one.
    pub(crate) fn resize(&self, limit: usize) {
        self.0.lock().limit = limit.max(1);
        self.hand_out();
    }

    /// Hands out no more places. Nobody loses one.
    pub(crate) fn close(&self) {
        self.0.lock().closed = true;
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.lock().waiting.len()
    }

    /// How many are at work.
    pub(crate) fn taken(&self) -> usize {
        self.0.lock().taken
    }

    /// Waits for a place.
    pub(crate) async fn place(&self, tenant: &str) -> Place {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().waiting.push(tenant, sender);
        self.hand_out();
        match receiver.await {
            Ok(place) => place,
            // The queue is gone, which holds the senders; so is everybody in it.
            Err(_) => std::future::pending().await,
        }
    }

    /// The same, for work that leaves it while it waits for something else.
    pub(crate) async fn turn(&self, tenant: &str) -> Turn {
        Turn {
            place: Some(self.place(tenant).await),
            queue: self.clone(),
            tenant: tenant.to_owned(),
        }
    }

    fn hand_out(&self) {
        loop {
            let next = {
                let mut state = self.0.lock();
                if state.closed || state.taken >= state.limit {
                    return;
                }
                let Some(next) = state.waiting.pop() else {
                    return;
                };
                state.taken += 1;
                next
            };
            // Whoever does not wait any more gives it back, and the next one is asked.
            if let Err(mut place) = next.send(Place(Some(self.clone()))) {
                place.0 = None;
                self.0.lock().taken -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_are_shared_fairly_and_never_lost() {
        let queue = Queue::new(1);
        let first = queue.place("a").await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for tenant in ["a", "a", "a", "b", "c"] {
            let (queue, order) = (queue.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let place = queue.place(tenant).await;
                order.lock().push(tenant);
                drop(place);
            }));
            tokio::task::yield_now().await;
        }
        assert_eq!((queue.waiting(), queue.taken()), (5, 1));
        // One that gives up while it waits takes no place.
        tasks.remove(1).abort();
        tokio::task::yield_now().await;
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock(), ["a", "b", "c", "a"]);
        assert_eq!((queue.waiting(), queue.taken()), (0, 0));
        let _one = queue.place("a").await;
        queue.resize(2);
        let _two = queue.place("a").await;
        assert_eq!(queue.taken(), 2);
    }

    #[tokio::test]
    async fn who_waits_for_something_else_has_no_place_meanwhile() {
        let queue = Queue::new(1);
        let mut turn = queue.turn("a").await;
        assert_eq!(queue.taken(), 1);
        turn.apart_from(async { drop(queue.place("b").await) })
            .await;
        assert_eq!(queue.taken(), 1);
        // Once it is closed, nobody begins any more, whatever becomes free.
        queue.close();
        let (other, began) = (queue.clone(), Arc::new(Mutex::new(false)));
        let begins = began.clone();
        let waiting = tokio::spawn(async move {
            let _place = other.place("c").await;
            *begins.lock() = true;
        });
        tokio::task::yield_now().await;
        drop(turn);
        tokio::task::yield_now().await;
        assert_eq!((queue.waiting(), queue.taken()), (1, 0));
        assert!(!*began.lock());
        waiting.abort();
    }
}
