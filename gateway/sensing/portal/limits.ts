/** Every bound and threshold of the portal itself, with its reason. Times in milliseconds. */

/** Tags of one session; the next one splits the pass, so that none is lost. Half of the tracked, to leave room. */
export const MAX_TAGS_PER_SESSION = 2000;

/** A forklift at 1.2 m/s is in the field for about 3.5 s before it reaches the first beam; some slack for slow ones. */
export const PRE_TRIGGER_MS = 5000;

/** A wall clock going back by more than this has stepped; less is jitter between two calls. */
export const CLOCK_STEP_MS = 1000;

/** Antenna-order evidence is saved no more often than this, and only while it grows by a noticeable share. */
export const SNAPSHOT_EVERY_MS = 250;
export const SNAPSHOT_GROWTH = 0.05;

/**
 * After a restart a session stays open this long: a reader that holds reports while nobody listens has begun to
 * deliver them by then (TCP connect with a retry or two, LLRP handshake). What it held decides the pass. As long
 * again after the last of them, for the rest of the handshake and how the inputs stand.
 */
export const HELD_REPORTS_MS = 15_000;

/** A session's activity is saved this often per quiet time; after a restart it is taken to have gone on as long. */
export const ACTIVITY_SAVES_PER_QUIET_TIME = 4;
