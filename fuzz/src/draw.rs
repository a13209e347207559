//! Choices for a target, taken from the front of a fuzzer's bytes, so that the rest of them is
//! the text itself and seeds stay readable.

/// What is left of a fuzzer's bytes.
pub(crate) struct Draw<'a>(&'a [u8]);

impl<'a> Draw<'a> {
    /// Draws from `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte; 0 at the end.
    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// One of `choices`, which are not empty.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// Whether there is nothing left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes before the next `end`, which is taken too; all that are left if there is none.
    pub(crate) fn until(&mut self, end: &[u8]) -> &'a [u8] {
        let place = self.0.windows(end.len()).position(|window| window == end);
        let at = place.unwrap_or(self.0.len());
        let (text, rest) = self.0.split_at(at);
        self.0 = rest.strip_prefix(end).unwrap_or(rest);
        text
    }

    /// Everything that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }
}
