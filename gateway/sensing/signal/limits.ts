/** Every bound and threshold of the signal logic, with its reason. Times in milliseconds, signal in decibels. */

/** Tags remembered at one read point, passing or lying about. A full pallet is some hundred; beyond, the longest unseen go. */
export const MAX_TRACKED_TAGS = 4096;

/** Learnt lay-around tags; beyond, the longest unseen is forgotten and would have to be learnt again. */
export const MAX_PARKED_TAGS = 512;

/** Beam crossings remembered at a time; more is no door but a flutter, and the direction UNKNOWN. */
export const MAX_CROSSINGS = 64;

/** Unread for longer, a tag's presence begins anew. Readers in dense rounds skip a tag for seconds, not for ten. */
export const PRESENCE_GAP_MS = 10_000;

/** A tag that has never moved and whose signal stood still this long is not carried through the door now. */
export const STILL_AFTER_MS = 5000;
/** Fewer reads cannot distinguish standing from moving: the smoothed signal lags behind them. */
export const STILL_READS = 8;

/** Signal unchanged for this long: the tag lies around. Longer than a forklift waits in a doorway. */
export const PARKED_AFTER_MS = 20_000;

/** A lay-around tag unread for longer is forgotten; a reader restart takes less. */
export const PARKED_FORGET_MS = 120_000;

/** Smoothed signal within this band is flat: noise of 2 dB smoothed stays well inside, a passing load sweeps 15 dB. */
export const FLAT_BAND_DB = 8;

/** A lay-around tag must get this much louder to be believed carried off: metal driving by lifts it by less. */
export const MOVED_RISE_DB = 8;

/** Reads averaged before the flat band starts, and the memory of the average after it. */
export const WARM_UP_READS = 4;
export const SMOOTHING = 1 / 5;

/** A sight no newer than the newest of the same tag and antenna is a repeat, if not older than this (clock step). */
export const LATE_WINDOW_MS = 60_000;

/** Both beams clear for longer and the next break belongs to another load: 1.2 m between beams at a crawl. */
export const BEAM_GAP_MS = 3000;
