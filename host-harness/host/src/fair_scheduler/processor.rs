//! The processor as calls share it: each is polled in a slot, and gives it up when it is another tenant's turn.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker, ready},
    time::{Duration, Instant},
};

use super::{
    Concurrency, Urgency,
    cpu_queue::{CpuQueue, Entered},
};
use crate::call::cpu::CpuMeter;

/// How long a call runs before the runtime may look at its timers and sockets.
pub(crate) const SLICE: Duration = Duration::from_millis(1);

/// What makes running calls look whether they still may.
pub(crate) trait Interrupts: Send + Sync {
    /// All that run look at once.
    fn now(&self);

    /// From now on they look from time to time, or need not any more. Called when that changes.
    fn regularly(&self, on: bool);
}

/// The slots of a host.
pub(crate) struct Processor {
    queue: Mutex<CpuQueue>,
    interrupts: Box<dyn Interrupts>,
}

impl Processor {
    pub(crate) fn new(slots: u32, interrupts: Box<dyn Interrupts>) -> Arc<Self> {
        Arc::new(Self { queue: Mutex::new(CpuQueue::new(slots)), interrupts })
    }

    /// A call of this tenant, which wants to run from time to time.
    pub(crate) fn join(self: &Arc<Self>, tenant: &str, urgency: Urgency, concurrency: Concurrency) -> Slot {
        let number = self.update(|queue| (queue.join(tenant, urgency, concurrency.weight, Instant::now()), Vec::new()));
        let (pauses, gives_way) = (AtomicBool::new(false), AtomicBool::new(false));
        Slot(Arc::new(TimeSlice { processor: Arc::clone(self), number, pauses, gives_way }))
    }

    /// Time has passed.
    pub(crate) fn tick(&self) {
        self.update(|queue| ((), queue.tick(Instant::now())));
    }

    /// Changes something and wakes whoever may run thereafter.
    fn update<T>(&self, change: impl FnOnce(&mut CpuQueue) -> (T, Vec<Waker>)) -> T {
        // Nothing under the lock panics.
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let was_busy = queue.is_busy();
        let (changed, woken) = change(&mut queue);
        if queue.is_busy() != was_busy {
            // Under the lock, so that the last word is the right one.
            self.interrupts.regularly(!was_busy);
        }
        drop(queue);
        woken.into_iter().for_each(Waker::wake);
        changed
    }
}

/// The slot that a call has while it is polled, and asks for before.
pub(crate) struct Slot(Arc<TimeSlice>);

/// The time slice of a call that runs: it asks whether that is over.
pub(crate) struct TimeSlice {
    processor: Arc<Processor>,
    number: u64,
    /// The call is about to give way to the runtime, and has its slot meanwhile: whoever is handed a slot is next on this
    /// thread, so that the runtime would not look at its timers and sockets in between.
    pauses: AtomicBool,
    /// Thereafter the slot goes to another call.
    gives_way: AtomicBool,
}

/// What a call panicked with.
pub(crate) type Panic = Box<dyn Any + Send>;

impl Slot {
    /// For the code that runs.
    pub(crate) fn time_slice(&self) -> Arc<TimeSlice> {
        Arc::clone(&self.0)
    }

    /// Polls a call where it has a slot or gets one, and measures that. A panic ends the call, not who polls it.
    pub(crate) fn poll<T>(
        &self,
        context: &mut Context<'_>,
        meter: &CpuMeter,
        call: Pin<&mut impl Future<Output = T>>,
    ) -> Poll<Result<T, Panic>> {
        let TimeSlice { processor, number, pauses, gives_way } = &*self.0;
        if gives_way.swap(false, Ordering::Relaxed) {
            processor.update(|queue| ((), queue.give_way(*number)));
        }
        ready!(self.enter(context));
        let (polled, used) = meter.measure(|| catch_unwind(AssertUnwindSafe(|| call.poll(context))));
        let pauses = pauses.swap(false, Ordering::Relaxed) && matches!(polled, Ok(Poll::Pending));
        processor.update(|queue| match pauses {
            true => {
                queue.pause(*number, used, context.waker());
                ((), Vec::new())
            }
            false => ((), queue.leave(*number, used)),
        });
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }

    fn enter(&self, context: &Context<'_>) -> Poll<()> {
        let TimeSlice { processor, number, .. } = &*self.0;
        match processor.update(|queue| (queue.enter(*number, context.waker(), Instant::now()), Vec::new())) {
            Entered::Running => Poll::Ready(()),
            Entered::Waiting { preempts } => {
                if preempts {
                    processor.interrupts.now();
                }
                Poll::Pending
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let TimeSlice { processor, number, .. } = &*self.0;
        processor.update(|queue| ((), queue.end(*number, Instant::now())));
    }
}

impl TimeSlice {
    /// Whether the call has to stop for a moment, after running for so long: for another call, or for the runtime.
    pub(crate) fn is_over(&self, ran: Duration) -> bool {
        let queue = self.processor.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let must_leave = queue.must_leave(self.number, Instant::now());
        drop(queue);
        let is_over = must_leave || ran >= SLICE;
        self.pauses.store(is_over, Ordering::Relaxed);
        self.gives_way.store(must_leave, Ordering::Relaxed);
        is_over
    }
}
