//! The machine of a simulated listener: its clock, and when it sleeps or is stuck.

/// Times of the world and of the clock are seconds.
pub struct Machine {
    /// What the clock shows at the beginning of the world, and how fast it runs.
    zero_sec: f64,
    rate: f64,
    /// For how long it slept in all, and for how long its clock stood still.
    slept_sec: f64,
    stood_sec: f64,
    asleep: Option<(f64, f64)>,
    /// Asleep or stuck: nothing is done before.
    pub deaf_until: f64,
}

impl Machine {
    pub fn new(zero_sec: f64, rate: f64) -> Self {
        Self {
            zero_sec,
            rate,
            slept_sec: 0.0,
            stood_sec: 0.0,
            asleep: None,
            deaf_until: 0.0,
        }
    }

    /// What its clock shows.
    pub fn local(&self, now: f64) -> f64 {
        self.zero_sec + self.rate * (now - self.stood_sec)
    }

    /// When its clock shows this.
    pub fn world(&self, local: f64) -> f64 {
        (local - self.zero_sec) / self.rate + self.stood_sec
    }

    /// The time without all sleep, and the way back.
    pub fn awake(&self, now: f64) -> f64 {
        let since = self.asleep.map_or(f64::INFINITY, |(since, _)| since);
        now.min(since) - self.slept_sec
    }

    pub fn world_of_awake(&self, awake: f64) -> f64 {
        awake + self.slept_sec
    }

    pub fn sleep(&mut self, now: f64, sec: f64, clock_stands: bool) {
        self.asleep = Some((now, now + sec));
        self.block(now + sec);
        // Nobody looks at the clock before it wakes.
        if clock_stands {
            self.stood_sec += sec;
        }
    }

    pub fn block(&mut self, until: f64) {
        self.deaf_until = self.deaf_until.max(until);
    }

    pub fn wake_up(&mut self, now: f64) {
        if let Some((since, until)) = self.asleep.take_if(|(_, until)| *until <= now) {
            self.slept_sec += until - since;
        }
    }

    pub fn is_asleep(&self) -> bool {
        self.asleep.is_some()
    }

    pub fn is_deaf(&self, now: f64) -> bool {
        self.deaf_until > now
    }
}
