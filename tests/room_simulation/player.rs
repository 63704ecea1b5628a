//! A simulated player: it takes its time to open a track, some more until the sound comes, and plays at the rate of
//! its sound card. Times are seconds during which the machine was awake.

#[derive(Clone, Debug, Default)]
pub struct Player {
    pub alive: bool,
    /// The track, and the place in it at which it stands or from which it plays.
    open: Option<(String, f64)>,
    opening_until: Option<f64>,
    /// When the sound begins, or has begun.
    sounds_since: Option<f64>,
    speed: f64,
}

impl Player {
    pub fn born() -> Self {
        Self {
            alive: true,
            speed: 1.0,
            ..Self::default()
        }
    }

    pub fn load(&mut self, track: String, offset_sec: f64, until: f64) {
        self.sounds_since = None;
        self.open = Some((track, offset_sec));
        self.opening_until = Some(until);
    }

    /// When what is being opened will be.
    pub fn opens_at(&self) -> Option<f64> {
        self.opening_until
    }

    pub fn opened(&mut self, now: f64) -> bool {
        self.opening_until.take_if(|until| *until <= now).is_some()
    }

    /// `false`: it was not open yet.
    pub fn play(&mut self, sounds_at: f64) -> bool {
        self.sounds_since = Some(sounds_at);
        self.alive && self.open.is_some() && self.opening_until.is_none()
    }

    pub fn pause(&mut self) {
        self.sounds_since = None;
    }

    pub fn stop(&mut self) {
        (self.open, self.opening_until, self.sounds_since) = (None, None, None);
    }

    pub fn set_speed(&mut self, now: f64, sound_rate: f64, speed: f64) {
        if let Some((track, at)) = self.position(now, sound_rate) {
            self.open = Some((track.to_owned(), at));
            self.sounds_since = Some(now);
        }
        self.speed = speed;
    }

    /// The place in the track that is heard.
    pub fn position(&self, now: f64, sound_rate: f64) -> Option<(&str, f64)> {
        let (track, from) = self.open.as_ref()?;
        let since = self.sounds_since.filter(|since| *since <= now)?;
        Some((track, from + (now - since) * sound_rate * self.speed))
    }

    /// Whether it stands at this place, ready to be let go.
    pub fn waits_at(&self, track: &str, offset_sec: f64) -> bool {
        let is_there = |(open, at): &(String, f64)| open == track && (at - offset_sec).abs() < 1e-3;
        let stands = self.opening_until.is_none() && self.sounds_since.is_none();
        self.alive && stands && self.open.as_ref().is_some_and(is_there)
    }
}
