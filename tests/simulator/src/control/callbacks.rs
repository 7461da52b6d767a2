//! Callbacks: addresses, events, and what receivers answered.

use super::Control;
use crate::callback::{self, CallbackError, Delivery, DeliveryId, Event, Order, Receiver};
use crate::corp::{Callback, CorpError};

impl Control {
    /// Saves callback settings as an administrator does: the address is asked first, and must answer the decrypted text
    /// within a second.
    ///
    /// ```
    /// # async fn example(control: &wecom_simulator::Control) -> Result<(), wecom_simulator::CallbackError> {
    /// use wecom_simulator::{DEMO_AGENT_ID, Receiver, corp::Callback};
    ///
    /// let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    /// let callback = Callback::new("http://127.0.0.1:8080/callback", "token", key);
    /// control.save_callback(Receiver::App(DEMO_AGENT_ID), callback).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Receiver unknown, settings malformed, or the address fails the check; nothing is saved then.
    pub async fn save_callback(&self, receiver: Receiver, callback: Callback) -> Result<(), CallbackError> {
        callback::check(&self.0, &callback).await?;
        self.set_callback(receiver, Some(callback))
    }

    /// Saves callback settings without the check, or takes them out.
    ///
    /// # Errors
    /// Receiver unknown.
    pub fn set_callback(&self, receiver: Receiver, callback: Option<Callback>) -> Result<(), CallbackError> {
        receiver.save(self.0.lock().corp_mut(), callback)
    }

    /// Queues an event. It is delivered in the background, after those before it.
    ///
    /// # Errors
    /// The receiver has no address, or a malformed one.
    pub fn emit(&self, receiver: Receiver, event: &Event) -> Result<DeliveryId, CallbackError> {
        self.0.lock().emit_about(receiver, event, None)
    }

    /// Delivers an event now, whatever is queued or held, and answers what came of it.
    ///
    /// ```
    /// # async fn example(control: &wecom_simulator::Control) -> Result<(), wecom_simulator::CallbackError> {
    /// use wecom_simulator::{DEMO_AGENT_ID, Event, Receiver};
    ///
    /// let hello = Event::text_message("lisi", "你好");
    /// let delivery = control.deliver(Receiver::App(DEMO_AGENT_ID), &hello).await?;
    /// assert_eq!((delivery.status(), delivery.body()), (Some(200), Some("success")));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Control::emit`]. A receiver that cannot be reached is no error: see [`Delivery::attempts`].
    pub async fn deliver(&self, receiver: Receiver, event: &Event) -> Result<Delivery, CallbackError> {
        let id = self.0.lock().prepare(receiver, event, None)?;
        callback::deliver(&self.0, id).await;
        self.delivery(id).ok_or(CallbackError::NoAddress)
    }

    /// Delivers the very same request once more, byte for byte, as a delivery of its own; `None` when there is none.
    pub async fn deliver_again(&self, id: DeliveryId) -> Option<Delivery> {
        let again = self.0.lock().outbox.again(id)?;
        callback::deliver(&self.0, again).await;
        self.delivery(again)
    }

    /// Waits until a queued delivery is done, after up to three attempts. It waits for as long as deliveries are held.
    ///
    /// # Panics
    /// The id is of another simulator.
    pub async fn delivered(&self, id: DeliveryId) -> Delivery {
        self.until(|| self.delivery(id).is_none_or(|delivery| delivery.done)).await;
        self.delivery(id).unwrap_or_else(|| panic!("there is no delivery {id:?}"))
    }

    /// Waits until everything that is queued and not held is delivered.
    pub async fn settled(&self) {
        self.until(|| self.0.lock().outbox.is_settled()).await;
    }

    async fn until(&self, done: impl Fn() -> bool) {
        let changes = self.0.lock().outbox.changes();
        loop {
            let changed = changes.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if done() {
                return;
            }
            changed.await;
        }
    }

    /// One delivery as it is now.
    pub fn delivery(&self, id: DeliveryId) -> Option<Delivery> {
        self.0.lock().outbox.delivery(id).cloned()
    }

    /// The most recent deliveries, oldest first: as many as the request log keeps.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.0.lock().outbox.log()
    }

    /// Keeps queued deliveries back until [`Control::release_callbacks`].
    pub fn hold_callbacks(&self) {
        self.0.lock().outbox.hold();
    }

    /// Lets go what was held, in this order.
    pub fn release_callbacks(&self, order: Order) {
        self.0.lock().outbox.release(order);
    }

    /// A member opens an app: `enter_agent`, when the app reports that.
    ///
    /// # Errors
    /// App or member unknown.
    pub fn enter_app(&self, member: &str, app: u64) -> Result<Option<DeliveryId>, CorpError> {
        let mut world = self.0.lock();
        let member = world.corp().member(member).ok_or_else(|| CorpError::MemberUnknown(member.to_owned()))?.id.clone();
        let reports = world.corp().app(app).ok_or(CorpError::AppUnknown(app))?.reports_entering;
        let event = Event::enter_agent(&member);
        Ok(reports.then(|| world.emit_about(Receiver::App(app), &event, None).ok()).flatten())
    }
}
