// When some days will be over. Pure.

const DAY = 24 * 60 * 60 * 1000;

/** The instant so many days after `now` (milliseconds), as the server takes it. */
export function inDays(days, now) {
  return new Date(now + days * DAY).toISOString();
}
