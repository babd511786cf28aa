//! The steps of a call at which the service is killed.

/// Which way a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Ada accepts.
    Accepted,
    /// Nobody is free; the caller says that calling back is safe.
    CallBack,
    /// Nobody is free; the caller leaves a message.
    Message,
}

/// Where the kill comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// So many microseconds after the INVITE was sent, whatever came of it.
    InviteSent(u64),
    /// The 100 was seen.
    Trying,
    /// The 200 was seen, its ACK not yet sent.
    Ok,
    /// The caller's telephone is connected.
    Answered,
    /// The caller hears this, on this way.
    CallerHears(Way, &'static str),
    /// Ada hears this.
    AdaHears(&'static str),
    /// The caller's key is on its way.
    KeyPressed,
    /// Ada's telephone rings.
    Rings,
    /// Ada has just picked up.
    PickedUp,
    /// Ada's 1 is on its way.
    OnePressed,
    /// This step of an accepted call stands in the log; its commit is on its way.
    Log(&'static str),
    /// The same on another way.
    LogOf(Way, &'static str),
    /// The two talk and the record says so.
    BridgedOnDisk,
    /// The caller's BYE is on its way.
    ByeSent,
    /// The answer to the call-back question is on its way.
    CallBackAnswered,
    /// The message is being recorded.
    Recording,
    /// The message's # is on its way.
    MessageEnded,
    /// So many milliseconds after the call began, on this way.
    Random(Way, u64),
}

/// Every step once; the random ones come after them.
pub(crate) const STEPS: [Step; 37] = [
    Step::InviteSent(0),
    Step::InviteSent(1_000),
    Step::InviteSent(4_000),
    Step::Trying,
    Step::Ok,
    Step::Answered,
    Step::CallerHears(Way::Accepted, "welcome.polaris"),
    Step::CallerHears(Way::Accepted, "hold.1"),
    Step::CallerHears(Way::CallBack, "noanswer"),
    Step::CallerHears(Way::CallBack, "callback.safe"),
    Step::CallerHears(Way::CallBack, "callback.yes"),
    Step::CallerHears(Way::Message, "voicemail"),
    Step::CallerHears(Way::Message, "voicemail.ok"),
    Step::KeyPressed,
    Step::Rings,
    Step::PickedUp,
    Step::AdaHears("worker.offer"),
    Step::OnePressed,
    Step::AdaHears("category.violence"),
    Step::AdaHears("worker.connect"),
    Step::Log("call_answered"),
    Step::Log("key_pressed"),
    Step::Log("category_chosen"),
    Step::Log("rang"),
    Step::Log("phone_answered"),
    Step::Log("accepted"),
    Step::Log("bridged"),
    Step::Log("hung_up"),
    Step::Log("ended"),
    Step::LogOf(Way::CallBack, "nobody_accepted"),
    Step::LogOf(Way::CallBack, "call_back_answered"),
    Step::LogOf(Way::Message, "voicemail_left"),
    Step::BridgedOnDisk,
    Step::ByeSent,
    Step::CallBackAnswered,
    Step::Recording,
    Step::MessageEnded,
];

impl Step {
    /// The step of the nth kill: each in turn, every third time round a random instant.
    pub(crate) fn of(nth: usize) -> Self {
        let (turn, place) = (nth / STEPS.len(), nth % STEPS.len());
        if turn % 3 < 2 {
            return STEPS[place];
        }
        let ways = [Way::Accepted, Way::CallBack, Way::Message];
        Self::Random(ways[nth % 3], rand::random_range(0..2_500))
    }

    /// The way that leads there.
    pub(crate) fn way(self) -> Way {
        match self {
            Self::CallerHears(way, _) | Self::LogOf(way, _) | Self::Random(way, _) => way,
            Self::CallBackAnswered => Way::CallBack,
            Self::Recording | Self::MessageEnded => Way::Message,
            _ => Way::Accepted,
        }
    }

    /// Whether the caller has to be one that shows provisional answers.
    pub(crate) fn is_early(self) -> bool {
        matches!(self, Self::InviteSent(_) | Self::Trying | Self::Ok)
    }
}
