//! When the clocks of a time zone show what five fields say.

use croner::Cron as Calendar;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::fields::Fields;

/// Five fields in a time zone.
#[derive(Debug, Clone)]
pub(super) struct Cron {
    fields: Fields,
    calendar: Calendar,
    zone: TimeZone,
}

impl Cron {
    pub(super) fn read(text: &str, zone: TimeZone) -> Result<Self, String> {
        let fields = Fields::read(text)?;
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let calendar = parser
            .parse(&fields.in_numbers())
            .map_err(|error| error.to_string())?;
        Ok(Self {
            fields,
            calendar,
            zone,
        })
    }

    pub(super) fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The first run after this time.
    ///
    /// croner finds the day and the time on a calendar without zones; what clocks that are put forward and back make of
    /// that is decided here. A schedule that runs in every hour goes by the hours that pass. Any other names times
    /// of the day: one that a clock skips is made up for at once, and one that it shows twice is the first of the two.
    pub(super) fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        let mut start = Timestamp::from_second(time.as_second()).ok()?;
        if start <= time {
            start = start.checked_add(SignedDuration::from_secs(1)).ok()?;
        }
        let by_hours = self.fields.is_every_hour();
        let mut offset = self.zone.to_offset(start);
        let mut shown_before = None;
        // How the present stretch of time without a change began.
        let before = start.checked_add(SignedDuration::from_secs(1)).ok()?;
        if let Some(change) = self.zone.preceding(before).next() {
            let at = change.timestamp();
            let former = self
                .zone
                .to_offset(at.checked_sub(SignedDuration::from_secs(1)).ok()?);
            let (skipped, resumed) = (former.to_datetime(at), offset.to_datetime(at));
            if at == start && resumed > skipped && !by_hours && self.on_calendar(skipped)? < resumed
            {
                return Some(at);
            }
            shown_before = Some(skipped);
        }
        loop {
            let from = offset.to_datetime(start);
            let from = shown_before
                .filter(|_| !by_hours)
                .map_or(from, |shown| from.max(shown));
            let shows = self.on_calendar(from)?;
            let found = offset.to_timestamp(shows).ok()?;
            let Some(change) = self.zone.following(start).next() else {
                return Some(found);
            };
            let at = change.timestamp();
            if found < at {
                return Some(found);
            }
            // `shows` is the first time of the schedule that this stretch does not reach.
            if !by_hours && shows < change.offset().to_datetime(at) {
                return Some(at);
            }
            shown_before = Some(offset.to_datetime(at));
            (start, offset) = (at, change.offset());
        }
    }

    /// The first time on the calendar from this one on that the fields name.
    fn on_calendar(&self, from: DateTime) -> Option<DateTime> {
        self.calendar.find_next_occurrence(&from, true).ok()
    }
}
